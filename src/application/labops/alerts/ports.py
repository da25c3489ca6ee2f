"""What alerts need from outside."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime

from application.labops.alerts.views import AlertFilter, AlertView, EvaluationView
from domain.labops.alert_values import AlertRuleDetails, Measurement


@dataclass(frozen=True, slots=True)
class DayInFigures:
    """One day of the laboratory: ``tat_p90`` in minutes, ``error_rate`` as a fraction."""

    specimens: int
    tat_p90: float
    error_rate: float
    sla_breaches: int


class MeasuredValues(ABC):
    """Metrics of the stored specimens. Raises ``UnavailableError`` when there is no answer."""

    @abstractmethod
    async def measure_async(self, rule: AlertRuleDetails, now: datetime, since: datetime) -> Measurement:
        """Measure what a rule watches.

        Args:
            since: when the rule began to watch; silence lasts since then where nothing ever came.
        """

    @abstractmethod
    async def day_async(self, begins: datetime, ends: datetime) -> DayInFigures:
        """Return the figures of a day: received in it, or processed in it, as each metric has it."""


class AlertViews(ABC):
    """The read model ``alerts``. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def get_async(self, alert_id: str) -> AlertView | None:
        """Return an alert; None when there is none."""

    @abstractmethod
    async def list_async(self, chosen: AlertFilter, limit: int, before: tuple[datetime, str] | None) -> list[AlertView]:
        """Return alerts, last raised first; ``before`` is (raised_at, alert_id) of the last one seen."""

    @abstractmethod
    async def last_ordinal_async(self, rule_id: str) -> int:
        """Return the ordinal of a rule's last alert that the model knows; 0 when it knows none."""


class EvaluationMemory(ABC):
    """The last evaluation of each rule, for people to see; nothing is decided by it."""

    @abstractmethod
    async def put_async(self, evaluation: EvaluationView) -> None:
        """Remember an evaluation unless a later one is known."""

    @abstractmethod
    async def get_many_async(self, rule_ids: list[str]) -> dict[str, EvaluationView]:
        """Return what is remembered, by rule id."""

    @abstractmethod
    async def forget_async(self, rule_id: str) -> None:
        """Forget a rule."""
