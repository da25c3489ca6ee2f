"""The laboratory as a discrete-event model on simpy.

What arrives is a process; machines are callbacks of the end of their work, so that a specimen costs two events: its
arrival and the end of the work on it.
"""

from collections import deque
from collections.abc import Generator
from random import Random

import simpy

from domain.labops.whatif.laboratory import Laboratory, Machine
from domain.labops.whatif.scenario import Policy, PolicyKind, Scenario, laboratory_under, priorities
from domain.labops.whatif.simulation import Figures, Plan
from integration.labops.whatif.arrival_stream import Job, jobs_of
from integration.labops.whatif.queues import Batch, BatchQueues, CommonQueue, PriorityQueues, QueuePerAssay, Queues
from integration.labops.whatif.records import Records, Workload

MOST_TRIES = 5
"""A specimen that failed so often is given up."""


def replicate(laboratory: Laboratory, scenario: Scenario, plan: Plan, number: int) -> Figures:
    """Simulate one replication.

    Args:
        number: of the replication; together with the seed it decides all random numbers.
    """
    return _Model(laboratory_under(scenario, laboratory), scenario.policy, plan, number).run()


class _Model:
    def __init__(self, laboratory: Laboratory, policy: Policy, plan: Plan, number: int) -> None:
        self.environment = simpy.Environment()
        self.records = Records(plan.warm_up, plan.horizon)
        self.queues = _queues(laboratory, policy)
        self.idle: deque[_Run] = deque()
        luck = Random(f"{plan.seed} {number} arrivals")  # noqa: S311  no secret: it must repeat itself
        self._jobs = jobs_of(laboratory, plan.horizon, luck, plan.first_hour)
        self._luck = Random(f"{plan.seed} {number} failures").random  # noqa: S311  no secret: it must repeat itself
        self._rerun_probability = laboratory.rerun_probability
        self._longest_wait = policy.longest_wait if policy.kind is PolicyKind.BATCH else None
        numbers = {assay: index for index, assay in enumerate(laboratory.assays)}
        for machine in laboratory.machines:
            runs = max(1, machine.slots // policy.size) if policy.kind is PolicyKind.BATCH else machine.slots
            workload = self.records.expect(machine.machine_id, runs)
            self.idle.extend(_Run(self, machine, workload, numbers) for _ in range(runs))
        self.environment.process(self._arrive())

    def run(self) -> Figures:
        self.environment.run()
        return self.records.figures(len(self._jobs))

    def _arrive(self) -> Generator[simpy.Event, None, None]:
        environment = self.environment
        for job in self._jobs:
            pause = job[0] - environment.now
            if pause > 0:
                yield environment.timeout(pause)
            self._offer(job)

    def _offer(self, job: Job) -> None:
        self.queues.put(job)
        self._employ(job[2])
        if self._longest_wait is not None:
            alarm = self.environment.timeout(job[0] + self._longest_wait - self.environment.now)
            alarm.callbacks.append(lambda _: self._employ(job[2]))

    def _employ(self, assay: int) -> None:
        """Give work to the machine that has been idle longest among those that work on an assay."""
        for position, run in enumerate(self.idle):
            if assay in run.assays:
                batch = self.queues.take(run.assays, self.environment.now)
                if batch is not None:
                    del self.idle[position]
                    run.begin(batch)
                return

    def end(self, machine: Machine, batch: Batch) -> None:
        """Decide what becomes of specimens that a machine has worked on."""
        now, luck = self.environment.now, self._luck
        for job in batch:
            if luck() >= machine.failure_probability:
                self.records.completed(job, now)
            elif job[4] + 1 < MOST_TRIES and luck() < self._rerun_probability:
                self.records.tried_again(job)
                self._offer((now, job[1], job[2], luck(), job[4] + 1))
            else:
                self.records.failed(job)


class _Run:
    """What a machine can do at once: one slot, or one batch."""

    __slots__ = ("_batch", "_begun", "_machine", "_model", "_service", "_workload", "assays")

    def __init__(self, model: _Model, machine: Machine, workload: Workload, numbers: dict[str, int]) -> None:
        self._model = model
        self._machine = machine
        self._workload = workload
        self._service = {numbers[assay]: minutes for assay, minutes in machine.service.items()}
        self._batch: Batch = ()
        self._begun = 0.0
        self.assays = tuple(self._service)

    def begin(self, batch: Batch) -> None:
        """Work on specimens together, as long as the one that takes longest."""
        longest = 0.0
        for job in batch:
            values = self._service[job[2]]
            minutes = values[int(job[3] * len(values))]
            if minutes > longest:
                longest = minutes
        environment = self._model.environment
        self._batch = batch
        self._begun = environment.now
        environment.timeout(longest).callbacks.append(self._end)

    def _end(self, _: simpy.Event) -> None:
        model, batch = self._model, self._batch
        now = model.environment.now
        model.records.worked(self._workload, batch, self._begun, now)
        model.end(self._machine, batch)
        following = model.queues.take(self.assays, now)
        if following is None:
            model.idle.append(self)
        else:
            self.begin(following)


def _queues(laboratory: Laboratory, policy: Policy) -> Queues:
    assays = len(laboratory.assays)
    if policy.kind is PolicyKind.BATCH:
        return BatchQueues(assays, policy.size, policy.longest_wait)
    if policy.kind is PolicyKind.PRIORITY:
        return PriorityQueues([laboratory.assays.index(assay) for assay in priorities(policy, laboratory)])
    everything = set(laboratory.assays)
    if all(set(machine.service) == everything for machine in laboratory.machines):
        return CommonQueue()
    return QueuePerAssay(assays)
