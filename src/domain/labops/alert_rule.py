"""AlertRule: what is watched, and what is too much of it."""

from datetime import datetime
from typing import Any

from domain.kernel.aggregate import Aggregate, RememberedState, reduces
from domain.labops.alert_durations import duration_text, parse_duration
from domain.labops.alert_errors import AlertRuleRemovedError
from domain.labops.alert_events import (
    AlertRuleChangedDomainEvent,
    AlertRuleDefinedDomainEvent,
    AlertRuleDomainEvent,
    AlertRuleRemovedDomainEvent,
)
from domain.labops.alert_values import AlertMetric, AlertOperator, AlertRuleDetails


class AlertRuleState(RememberedState):
    """The remembered rule."""

    details: AlertRuleDetails
    removed: bool

    @property
    def watches(self) -> bool:
        """Whether it is to be evaluated."""
        return self.details.active and not self.removed

    @reduces(AlertRuleDefinedDomainEvent, AlertRuleChangedDomainEvent)
    def _described(self, event: AlertRuleDomainEvent) -> None:
        self.removed = False
        self.details = AlertRuleDetails(
            name=event.name,
            metric=AlertMetric(event.metric),
            operator=AlertOperator(event.operator),
            threshold=event.threshold,
            clear_threshold=event.clear_threshold,
            window=parse_duration(event.window),
            cool_down=parse_duration(event.cool_down),
            assay=event.assay,
            machine_id=event.machine_id,
            channels=tuple(event.channels),
            active=event.active,
        )

    @reduces(AlertRuleRemovedDomainEvent)
    def _removed(self, _event: AlertRuleRemovedDomainEvent) -> None:
        self.removed = True


class AlertRule(Aggregate[AlertRuleState]):
    """A rule, from its definition to its removal."""

    @classmethod
    def define(cls, rule_id: str, details: AlertRuleDetails, at: datetime) -> "AlertRule":
        """Begin to watch something."""
        rule = cls()
        rule.record(AlertRuleDefinedDomainEvent(aggregate_id=rule_id, created_at=at, **_facts(details)))
        return rule

    def change(self, details: AlertRuleDetails, at: datetime) -> bool:
        """Watch it differently; False, and nothing recorded, when nothing differs.

        Raises:
            AlertRuleRemovedError: the rule is removed.
        """
        self._refuse_if_removed()
        if details == self.state.details:
            return False
        self.record(AlertRuleChangedDomainEvent(aggregate_id=self.state.id, created_at=at, **_facts(details)))
        return True

    def remove(self, at: datetime) -> None:
        """Watch it no longer.

        Raises:
            AlertRuleRemovedError: that was done before.
        """
        self._refuse_if_removed()
        self.record(AlertRuleRemovedDomainEvent(aggregate_id=self.state.id, created_at=at))

    def _refuse_if_removed(self) -> None:
        if self.state.removed:
            raise AlertRuleRemovedError(f"alert rule {self.state.id} is removed")


def _facts(details: AlertRuleDetails) -> dict[str, Any]:
    return {
        "name": details.name,
        "metric": details.metric.value,
        "operator": details.operator.value,
        "threshold": details.threshold,
        "clear_threshold": details.clear_threshold,
        "window": duration_text(details.window),
        "cool_down": duration_text(details.cool_down),
        "assay": details.assay,
        "machine_id": details.machine_id,
        "channels": list(details.channels),
        "active": details.active,
    }
