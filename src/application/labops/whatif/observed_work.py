"""How long machines work on specimens, on how many at once, and what of the time before is no queue."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from application.labops.specimen_table import Row, TableSnapshot
from application.labops.whatif import questions
from domain.labops.whatif.laboratory import Minutes
from domain.labops.whatif.observed import ServiceTimes

MEASURED_FROM = 0.5
"""Service times of an assay on a machine are measured when the start of at least this share is known."""
ONE_AFTER_THE_OTHER = 0.1
"""A machine on which at most this share overtakes another works on one specimen after the other."""


@dataclass(slots=True)
class Work:
    """Service times by machine and assay (how many, values), slots by machine, handling by assay.

    Attributes:
        measured: machine and assay of the service times that are.
    """

    service: dict[str, dict[str, tuple[int, Minutes]]]
    slots: dict[str, int]
    handling: dict[str, Minutes]
    measured: frozenset[tuple[str, str]] = frozenset()

    def service_times(self, machines: Collection[str]) -> ServiceTimes:
        """Tell how the service times of machines are known."""
        known = {(one, assay) in self.measured for one in machines for assay in self.service[one]}
        return "mixed" if len(known) > 1 else "measured" if known == {True} else "estimated"


async def work_async(snapshot: TableSnapshot, span: dict[str, Any], tries: list[Row]) -> Work:
    """Return what is measured, and of machines and assays whose starts are hardly known what is estimated."""
    known = await snapshot.fetch_async(questions.KNOWN_STARTS, span)
    measured = Work({}, {}, {})
    if any(started / results >= MEASURED_FROM for _, _, results, started in known):
        measured = await _measured_async(snapshot, span)
    wanted = frozenset(
        (machine, assay)
        for machine, assay, results, started in known
        if started / results >= MEASURED_FROM and assay in measured.service.get(machine, ())
    )
    if len(wanted) == len(known):
        return replace(measured, measured=wanted)
    handling = {assay: mean_of(list(values)) for assay, values in measured.handling.items()}
    estimated = await _estimated_async(snapshot, span, {row[0]: (row[1], row[4]) for row in tries}, handling)
    service: dict[str, dict[str, tuple[int, Minutes]]] = {}
    weights: Counter[str] = Counter()
    for machine, assay, results, _ in known:
        source = measured if (machine, assay) in wanted else estimated
        service.setdefault(machine, {})[assay] = source.service[machine][assay]
        weights[machine] += results if source is measured else -results
    slots = {one: (measured if weights[one] >= 0 else estimated).slots[one] for one in service}
    return Work(service, slots, measured.handling if wanted else {}, wanted)


async def _measured_async(snapshot: TableSnapshot, span: dict[str, Any]) -> Work:
    service = _by_machine(await snapshot.fetch_async(questions.MEASURED_SERVICE, span))
    slots = await snapshot.fetch_async(questions.MEASURED_SLOTS, span)
    handling = await snapshot.fetch_async(questions.HANDLING, span)
    return Work(
        service,
        {machine: max(1, most) for machine, most in slots},
        {assay: tuple(values) for assay, _, values in handling},
    )


async def _estimated_async(
    snapshot: TableSnapshot, span: dict[str, Any], ended: dict[str, tuple[int, int]], handling: dict[str, float]
) -> Work:
    """Estimate from busy periods where specimens follow one another; where they overtake, the whole stay is work.

    Args:
        ended: by machine, how many it ended, and how many of these without a time.
        handling: minutes by assay that other machines have shown to be no work.
    """
    following = _by_machine(await snapshot.fetch_async(questions.ESTIMATED_SERVICE, span))
    staying = _by_machine(await snapshot.fetch_async(questions.WHOLE_STAY, span))
    work = Work({}, {}, {})
    for machine, share, slots in await snapshot.fetch_async(questions.OVERTAKING, span):
        if share > ONE_AFTER_THE_OTHER:
            work.slots[machine] = max(1, slots)
            work.service[machine] = {
                assay: (number, tuple(max(0.0, value - handling.get(assay, 0.0)) for value in values))
                for assay, (number, values) in staying[machine].items()
            }
            continue
        # What failed without leaving a time still used the machine: its time is in that of those that followed.
        all_ended, timeless = ended[machine]
        used = (all_ended - timeless) / all_ended
        work.slots[machine] = 1
        work.service[machine] = {
            assay: (number, tuple(value * used for value in values))
            for assay, (number, values) in following[machine].items()
        }
    return work


def _by_machine(rows: list[tuple[Any, ...]]) -> dict[str, dict[str, tuple[int, Minutes]]]:
    found: dict[str, dict[str, tuple[int, Minutes]]] = {}
    for machine, assay, number, values in rows:
        found.setdefault(machine, {})[assay] = (number, tuple(values))
    return found


def mean_of(values: list[float]) -> float:
    """Return the mean; 0 of nothing."""
    return sum(values) / len(values) if values else 0.0
