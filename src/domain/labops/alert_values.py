"""Values around alerts: what is measured, how it is held against a limit, how bad it is."""

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from domain.labops.alert_errors import InvalidAlertRuleError
from domain.labops.values import LONGEST_ASSAY, LONGEST_MACHINE_ID

LONGEST_NAME = 100
MOST_CHANNELS = 20
LONGEST_WINDOW = timedelta(days=366)
LONGEST_COOL_DOWN = timedelta(days=30)
HIGH_FACTOR = 1.5
"""The starter kit's: a value beyond one and a half times its limit is bad (seed 004)."""


class AlertMetric(StrEnum):
    """What a rule watches.

    ``sla_breach_rate`` and ``error_rate`` are fractions, ``tat_p90`` and ``silence`` minutes, ``open_breaches`` and
    ``throughput`` counts: specimens that are open past their limit now, and those completed within the window.
    """

    SLA_BREACH_RATE = "sla_breach_rate"
    OPEN_BREACHES = "open_breaches"
    ERROR_RATE = "error_rate"
    TAT_P90 = "tat_p90"
    THROUGHPUT = "throughput"
    SILENCE = "silence"

    @property
    def is_rate(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self in (AlertMetric.SLA_BREACH_RATE, AlertMetric.ERROR_RATE)

    @property
    def grows_by_itself(self) -> bool:
        """Whether another value says no more than that time has passed."""
        return self is AlertMetric.SILENCE


class AlertOperator(StrEnum):
    """When a value is beyond a limit."""

    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"

    @property
    def words(self) -> str:
        """As people say it; a sign at the beginning of a line means something else in Teams."""
        return {"gt": "above", "gte": "at least", "lt": "below", "lte": "at most"}[self.value]

    @property
    def looks_up(self) -> bool:
        """Whether high values are the bad ones."""
        return self in (AlertOperator.GT, AlertOperator.GTE)

    def holds(self, value: float, limit: float) -> bool:
        """Tell whether a value is beyond a limit."""
        match self:
            case AlertOperator.GT:
                return value > limit
            case AlertOperator.GTE:
                return value >= limit
            case AlertOperator.LT:
                return value < limit
            case AlertOperator.LTE:
                return value <= limit


class AlertSeverity(StrEnum):
    """How bad it is."""

    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


@dataclass(frozen=True, slots=True)
class Watched:
    """What a rule looks at, apart from its limits: while this stays, values can be compared.

    Attributes:
        looks_up: whether high values are the bad ones.
        assay, machine_id: only specimens of these; None for all.
    """

    metric: AlertMetric
    looks_up: bool
    assay: str | None
    machine_id: str | None


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured for a rule.

    Attributes:
        value: in the metric's unit; None when there is no data to measure.
        specimens: how many specimens it was made from.
        concerned: how many of them are in breach, in error, late...; None where that has no meaning.
        top_assays: assays with the most of these, with their number, most first.
    """

    value: float | None
    specimens: int = 0
    concerned: int | None = None
    top_assays: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, kw_only=True)
class AlertRuleDetails:
    """What people say about a rule.

    Attributes:
        clear_threshold: an open alert ends when the value is no longer beyond this one; lies on the good side of
            ``threshold``, or is the same.
        window: how far back is looked; metrics of the present moment have no use for it.
        cool_down: after a message about this rule there is no other one for so long.
        assay, machine_id: only specimens of these; None for all.
        channels: ids of the channels that are told.
    """

    name: str
    metric: AlertMetric
    operator: AlertOperator
    threshold: float
    clear_threshold: float
    window: timedelta
    cool_down: timedelta
    assay: str | None = None
    machine_id: str | None = None
    channels: tuple[str, ...] = ()
    active: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", _name(self.name))
        self._check_limits()
        if not timedelta(minutes=1) <= self.window <= LONGEST_WINDOW:
            raise InvalidAlertRuleError("window", "must be from PT1M to P366D")
        if not timedelta() <= self.cool_down <= LONGEST_COOL_DOWN:
            raise InvalidAlertRuleError("cool_down", "must be from PT0S to P30D")
        for field, longest in (("assay", LONGEST_ASSAY), ("machine_id", LONGEST_MACHINE_ID)):
            value = getattr(self, field)
            if value is not None and not 0 < len(value) <= longest:
                raise InvalidAlertRuleError(f"filters.{field}", f"must have 1 to {longest} characters")
        object.__setattr__(self, "channels", tuple(dict.fromkeys(self.channels)))
        if len(self.channels) > MOST_CHANNELS:
            raise InvalidAlertRuleError("channels", f"must be at most {MOST_CHANNELS}")

    def _check_limits(self) -> None:
        for field in ("threshold", "clear_threshold"):
            value = float(getattr(self, field))
            if not math.isfinite(value) or value < 0:
                raise InvalidAlertRuleError(field, "must be a number from 0")
            if self.metric.is_rate and value > 1:
                raise InvalidAlertRuleError(field, "must be a fraction from 0 to 1: 0.1 is ten percent")
            object.__setattr__(self, field, value)
        if self.operator.looks_up and self.clear_threshold > self.threshold:
            raise InvalidAlertRuleError("clear_threshold", "must not be above threshold")
        if not self.operator.looks_up and self.clear_threshold < self.threshold:
            raise InvalidAlertRuleError("clear_threshold", "must not be below threshold")

    @property
    def watched(self) -> Watched:
        """What it looks at, apart from its limits."""
        return Watched(self.metric, self.operator.looks_up, self.assay, self.machine_id)

    def breached_by(self, value: float) -> bool:
        """Tell whether a value is what this rule warns of."""
        return self.operator.holds(value, self.threshold)

    def cleared_by(self, value: float) -> bool:
        """Tell whether a value is good enough to end an alert."""
        return not self.operator.holds(value, self.clear_threshold)

    def severity_of(self, value: float) -> AlertSeverity:
        """Return how bad a value is: beyond one and a half times the limit, or below it by that factor, it is HIGH."""
        up = self.operator.looks_up
        high = value > self.threshold * HIGH_FACTOR if up else value * HIGH_FACTOR < self.threshold
        return AlertSeverity.HIGH if high else AlertSeverity.MEDIUM


def _name(value: str) -> str:
    name = value.strip()
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidAlertRuleError("name", f"must have 1 to {LONGEST_NAME} printable characters")
    return name
