"""A laboratory as a simulation sees it: what arrives, and machines that work on it. Times are minutes."""

from dataclasses import dataclass

Minutes = tuple[float, ...]
"""A distribution: values that are equally likely."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How specimens arrive: at random (Poisson), at a rate that repeats itself.

    Attributes:
        per_hour: specimens an hour, by hour of the week (168 rates from Monday 00:00 UTC), by hour of the day (24), or
            always (1).
        mix: for each of these hours the share of each assay, in the order of the laboratory's assays.
    """

    per_hour: tuple[float, ...]
    mix: tuple[tuple[float, ...], ...]

    @property
    def mean_per_hour(self) -> float:
        """Specimens per hour, on average over the week."""
        return sum(self.per_hour) / len(self.per_hour)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine.

    Attributes:
        slots: on how many specimens it works at once.
        failure_probability: of one try.
        service: how long it works on a specimen, by assay; it works on no others.
    """

    machine_id: str
    slots: int
    failure_probability: float
    service: dict[str, Minutes]


@dataclass(frozen=True, slots=True)
class Laboratory:
    """All of it. Machines take from what waits; whoever is free takes next.

    Attributes:
        handling: time between receipt and the queue in front of the machines, by assay; empty for none.
        rerun_probability: that a specimen whose try failed is tried again.
    """

    assays: tuple[str, ...]
    arrivals: Arrivals
    machines: tuple[Machine, ...]
    handling: dict[str, Minutes]
    rerun_probability: float
