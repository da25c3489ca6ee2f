"""What is changed, and what the laboratory is then."""

from dataclasses import dataclass, replace
from enum import StrEnum

from domain.labops.whatif.laboratory import Arrivals, Laboratory, Machine, Minutes

POINTS = 200
"""So many values stand for a distribution."""


class PolicyKind(StrEnum):
    """Which specimen a free machine takes.

    ``fifo``: that which waits longest. ``priority``: the assay that comes first in the order, of these the one that
    waits longest. ``batch``: specimens of one assay together, as soon as a batch is full or one has waited too long.
    """

    FIFO = "fifo"
    PRIORITY = "priority"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Policy:
    """How machines take work.

    Attributes:
        assays: of ``priority``: in this order; those not named come last. Empty: the quickest assay first.
        size: of ``batch``: how many make a full one.
        longest_wait: of ``batch``: minutes after which one starts that is not full.
    """

    kind: PolicyKind = PolicyKind.FIFO
    assays: tuple[str, ...] = ()
    size: int = 8
    longest_wait: float = 60.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """What is changed; the default changes nothing.

    Attributes:
        extra_machines: each an average of those that there are.
        failure_rate_factor: the failure probability of every machine is multiplied by it.
        arrival_growth: 0.2 means a fifth more specimens.
    """

    extra_machines: int = 0
    failure_rate_factor: float = 1.0
    arrival_growth: float = 0.0
    policy: Policy = Policy()


def laboratory_under(scenario: Scenario, laboratory: Laboratory) -> Laboratory:
    """Return the laboratory as the scenario would have it."""
    extra = tuple(_average_machine(laboratory, number) for number in range(1, scenario.extra_machines + 1))
    arrivals = laboratory.arrivals
    return replace(
        laboratory,
        arrivals=Arrivals(tuple(rate * (1 + scenario.arrival_growth) for rate in arrivals.per_hour), arrivals.mix),
        machines=tuple(
            replace(machine, failure_probability=min(1.0, machine.failure_probability * scenario.failure_rate_factor))
            for machine in (*laboratory.machines, *extra)
        ),
    )


def priorities(policy: Policy, laboratory: Laboratory) -> tuple[str, ...]:
    """Return the assays in the order in which they are preferred."""
    if not policy.assays:
        return tuple(sorted(laboratory.assays, key=lambda assay: (_mean_service(laboratory, assay), assay)))
    rest = (assay for assay in laboratory.assays if assay not in policy.assays)
    return (*(assay for assay in policy.assays if assay in laboratory.assays), *rest)


def thinned(values: list[float]) -> Minutes:
    """Return at most ``POINTS`` values that stand for all of them."""
    ordered = sorted(values)
    if len(ordered) <= POINTS:
        return tuple(ordered)
    return tuple(ordered[int((number + 0.5) / POINTS * len(ordered))] for number in range(POINTS))


def _average_machine(laboratory: Laboratory, number: int) -> Machine:
    machines = laboratory.machines
    service = {}
    for assay in laboratory.assays:
        values = [value for machine in machines for value in _evened(machine.service.get(assay, ()))]
        if values:
            service[assay] = thinned(values)
    return Machine(
        machine_id=f"extra-{number}",
        slots=max(1, round(sum(machine.slots for machine in machines) / len(machines))),
        failure_probability=sum(machine.failure_probability for machine in machines) / len(machines),
        service=service,
    )


def _evened(values: Minutes) -> Minutes:
    """Return as many values of every machine, so that each machine weighs the same."""
    if not values:
        return ()
    return tuple(values[int((number + 0.5) / POINTS * len(values))] for number in range(POINTS))


def _mean_service(laboratory: Laboratory, assay: str) -> float:
    means = [sum(values) / len(values) for machine in laboratory.machines if (values := machine.service.get(assay))]
    return sum(means) / len(means) if means else 0.0
