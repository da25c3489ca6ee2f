"""Learns from the table of specimens how the laboratory works."""

from datetime import UTC, datetime
from typing import Any

from application.labops.specimen_table import SpecimenTable, TableSnapshot
from application.labops.whatif import questions
from application.labops.whatif.arrival_rates import arrivals_from
from application.labops.whatif.observed_work import Work, mean_of, work_async
from domain.kernel.clock import Clock
from domain.labops.whatif.errors import NothingToLearnFromError
from domain.labops.whatif.laboratory import Laboratory, Machine
from domain.labops.whatif.observed import Calibration, Observed, ObservedMachine
from domain.labops.whatif.scenario import thinned

LONGEST_LOOK_BACK_DAYS = 28
MOST_SPECIMENS = 200_000
FEWEST_RESULTS = 20


class LaboratoryCalibration:
    """Looks back four weeks, or at the newest 200,000 specimens."""

    def __init__(self, table: SpecimenTable, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    async def calibrate_async(self) -> Calibration:
        """Return the laboratory as it was observed.

        Raises:
            NothingToLearnFromError: there are hardly any results.
            UnavailableError: the table cannot be read right now.
        """
        with self._table.snapshot() as snapshot:
            return await self._learn_async(snapshot)

    async def _learn_async(self, snapshot: TableSnapshot) -> Calibration:
        extent = {"now": self._clock.now(), "most": MOST_SPECIMENS, "days": LONGEST_LOOK_BACK_DAYS}
        [(first, last)] = await snapshot.fetch_async(questions.EXTENT, extent)
        if last is None:
            raise NothingToLearnFromError("there are no specimens to learn from")
        span = {"since": first, "until": last}
        [(specimens, results, started, turnarounds)] = await snapshot.fetch_async(questions.TOTALS, span)
        if results < FEWEST_RESULTS:
            raise NothingToLearnFromError(f"there are {results} results to learn from; {FEWEST_RESULTS} are needed")
        tries = await snapshot.fetch_async(questions.MACHINES, span)
        work = await work_async(snapshot, span, tries)
        counts = await snapshot.fetch_async(questions.ARRIVALS, span)
        machines = _machines(work, tries)
        counts = [row for row in counts if any(row[0] in machine.service for machine in machines)]
        assays, arrivals, pattern = arrivals_from(counts, _utc(span["since"]), _utc(span["until"]))
        reruns, errors = sum(row[3] for row in tries), sum(row[2] for row in tries)
        laboratory = Laboratory(assays, arrivals, machines, work.handling, reruns / max(1, reruns + errors))
        handled = [value for values in work.handling.values() for value in values]
        observed = Observed(
            since=_utc(span["since"]),
            until=_utc(span["until"]),
            specimens=specimens,
            arrivals_per_hour=arrivals.mean_per_hour,
            arrivals=pattern,
            service_times=work.service_times([machine.machine_id for machine in machines]),
            measured_share=started / results,
            handling_mean=mean_of(handled),
            rerun_probability=laboratory.rerun_probability,
            **dict(zip(("tat_p50", "tat_p90", "tat_p99"), turnarounds or (0.0, 0.0, 0.0), strict=True)),
            machines=tuple(_observed(machine, work, {row[0]: row[1] for row in tries}) for machine in machines),
        )
        return Calibration(laboratory, observed)


def _machines(work: Work, tries: list[tuple[Any, ...]]) -> tuple[Machine, ...]:
    """Return the machines that ended something, each for the assays that it gave results of."""
    return tuple(
        Machine(
            machine_id=machine_id,
            slots=work.slots[machine_id],
            failure_probability=(errors + reruns) / max(1, ended + reruns),
            service={assay: thinned(list(values)) for assay, (_, values) in work.service[machine_id].items()},
        )
        for machine_id, ended, errors, reruns, _ in tries
        if machine_id in work.service
    )


def _observed(machine: Machine, work: Work, ended: dict[str, int]) -> ObservedMachine:
    weighted = [(number, mean_of(list(values))) for number, values in work.service[machine.machine_id].values()]
    mean = sum(number * minutes for number, minutes in weighted) / sum(number for number, _ in weighted)
    return ObservedMachine(
        machine.machine_id,
        ended[machine.machine_id],
        machine.slots,
        machine.failure_probability,
        mean,
        work.service_times([machine.machine_id]),
    )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
