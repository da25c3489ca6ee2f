"""The starter kit's formula (seed 004): turn-around falls with the failures, throughput grows with the machines."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CurrentFigures:
    """Where the laboratory stands.

    Attributes:
        tat_p90: minutes, of all completed specimens; 0 when there are none.
        throughput: specimens completed today.
        machines: different machines that any specimen names.
    """

    tat_p90: float
    throughput: int
    machines: int


@dataclass(frozen=True, slots=True)
class LinearProjection:
    """What the formula promises.

    Attributes:
        projected_tat_p90: minutes.
        projected_throughput: specimens a day.
        improvement_tat, improvement_throughput: percent of what is now; 0 when that is 0.
    """

    projected_tat_p90: float
    projected_throughput: float
    improvement_tat: float
    improvement_throughput: float


def project_linearly(now: CurrentFigures, extra_machines: int, reduced_failure_rate: float) -> LinearProjection:
    """Return the projection.

    Args:
        now: where the laboratory stands.
        extra_machines: added to those that there are; without any the throughput stays as it is.
        reduced_failure_rate: percent.
    """
    tat = now.tat_p90 * (1 - reduced_failure_rate / 100)
    factor = (now.machines + extra_machines) / now.machines if now.machines else 1.0
    throughput = now.throughput * factor
    return LinearProjection(
        projected_tat_p90=tat,
        projected_throughput=throughput,
        improvement_tat=(now.tat_p90 - tat) / now.tat_p90 * 100 if now.tat_p90 else 0.0,
        improvement_throughput=(throughput - now.throughput) / now.throughput * 100 if now.throughput else 0.0,
    )
