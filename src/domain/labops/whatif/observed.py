"""What was seen of a laboratory, and the simulated laboratory that follows from it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from domain.labops.whatif.laboratory import Laboratory

ServiceTimes = Literal["measured", "estimated", "mixed"]
ArrivalPattern = Literal["hour_of_week", "hour_of_day", "constant"]


@dataclass(frozen=True, slots=True)
class ObservedMachine:
    """What was seen of one machine.

    Attributes:
        specimens: that it ended.
        slots: on how many it was seen to work at once.
        failure_probability: failed tries of all its tries.
        service_mean: minutes, over its assays.
        service_times: how these are known, of its assays together; None of runs from before that was told.
    """

    machine_id: str
    specimens: int
    slots: int
    failure_probability: float
    service_mean: float
    service_times: ServiceTimes | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen, in words and numbers for people.

    Attributes:
        since, until: first and last receipt that was looked at.
        specimens: received in that time.
        arrivals: by what the rate of arrivals repeats itself, as far as so short a time can show.
        service_times: ``measured`` from start to result, ``estimated`` from the busy periods of the machines, or
            ``mixed``: of some machines and assays this, of others that.
        measured_share: of the specimens with a result, those whose start is known.
        handling_mean: minutes between receipt and queue that no machine explains.
        rerun_probability: that a failed try is repeated.
        tat_p50, tat_p90, tat_p99: minutes, as seen; next to those of the baseline they show how well the model fits.
    """

    since: datetime
    until: datetime
    specimens: int
    arrivals_per_hour: float
    arrivals: ArrivalPattern
    service_times: ServiceTimes
    measured_share: float
    handling_mean: float
    rerun_probability: float
    tat_p50: float
    tat_p90: float
    tat_p99: float
    machines: tuple[ObservedMachine, ...]

    @property
    def following_hour(self) -> datetime:
        """The first full hour after what was seen."""
        return self.until.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A laboratory to simulate, and what it was learnt from."""

    laboratory: Laboratory
    observed: Observed
