"""What is written down while a replication runs."""

from math import ceil, floor

from domain.labops.whatif.simulation import Figures
from integration.labops.whatif.arrival_stream import Job
from integration.labops.whatif.queues import Batch


class Workload:
    """How long a machine worked between the warm-up and the horizon, with so many runs at once."""

    __slots__ = ("minutes", "runs")

    def __init__(self, runs: int) -> None:
        self.minutes = 0.0
        self.runs = runs


class Records:
    """Counts what happens to specimens received after the warm-up, and what machines do until the horizon."""

    def __init__(self, warm_up: float, horizon: float) -> None:
        self._warm_up = warm_up
        self._horizon = horizon
        self._turnarounds: list[float] = []
        self._failed = self._reruns = self._results = self._tries = 0
        self._waited = self._waited_within = 0.0
        self._workloads: dict[str, Workload] = {}

    def expect(self, machine_id: str, runs: int) -> Workload:
        """Say that there is a machine that can do so many runs at once."""
        workload = self._workloads[machine_id] = Workload(runs)
        return workload

    def worked(self, workload: Workload, batch: Batch, begin: float, end: float) -> None:
        """A machine worked on specimens. Spelled out: this is called for every specimen."""
        warm_up, horizon = self._warm_up, self._horizon
        if end > warm_up and begin < horizon:
            workload.minutes += (end if end < horizon else horizon) - (begin if begin > warm_up else warm_up)
        for job in batch:
            queued = job[0]
            if job[1] >= warm_up:
                self._tries += 1
                self._waited += begin - queued
            if begin > queued and begin > warm_up and queued < horizon:
                until = begin if begin < horizon else horizon
                self._waited_within += until - (queued if queued > warm_up else warm_up)

    def completed(self, job: Job, now: float) -> None:
        """There is a result."""
        if job[1] >= self._warm_up:
            self._turnarounds.append(now - job[1])
        if self._warm_up <= now <= self._horizon:
            self._results += 1

    def tried_again(self, job: Job) -> None:
        """It failed and goes back to the queue."""
        if job[1] >= self._warm_up:
            self._reruns += 1

    def failed(self, job: Job) -> None:
        """It failed for good."""
        if job[1] >= self._warm_up:
            self._failed += 1

    def figures(self, specimens: int) -> Figures:
        """Return what was written down."""
        ordered = sorted(self._turnarounds)
        measured = self._horizon - self._warm_up
        runs = sum(workload.runs for workload in self._workloads.values())
        busy = sum(workload.minutes for workload in self._workloads.values())
        return Figures(
            specimens=specimens,
            completed=len(ordered),
            failed=self._failed,
            reruns=self._reruns,
            tat_p50=_quantile(ordered, 0.5),
            tat_p90=_quantile(ordered, 0.9),
            tat_p99=_quantile(ordered, 0.99),
            tat_mean=sum(ordered) / max(1, len(ordered)),
            wait_mean=self._waited / max(1, self._tries),
            throughput=self._results / measured * 60,
            queue_length=self._waited_within / measured,
            utilisation_mean=busy / measured / runs,
            utilisation={
                machine: workload.minutes / measured / workload.runs for machine, workload in self._workloads.items()
            },
        )


def _quantile(ordered: list[float], share: float) -> float:
    if not ordered:
        return 0.0
    at = (len(ordered) - 1) * share
    low, high = ordered[floor(at)], ordered[ceil(at)]
    return low + (high - low) * (at - floor(at))
