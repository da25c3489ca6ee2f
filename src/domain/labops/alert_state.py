"""What is remembered of an alert."""

from datetime import datetime

from domain.kernel.aggregate import RememberedState, reduces
from domain.labops.alert_events import (
    AlertAcknowledgedDomainEvent,
    AlertAnnouncedDomainEvent,
    AlertRaisedDomainEvent,
    AlertResolvedDomainEvent,
    AlertUpdatedDomainEvent,
)
from domain.labops.alert_values import AlertMetric, AlertOperator, AlertSeverity, Watched


class AlertState(RememberedState):
    """The remembered alert.

    Attributes:
        watched: what the rule watched when it was raised.
        value: of the last evaluation that was recorded.
        acknowledged_by: who has seen it; None when nobody has.
        told: how bad it was in the last message; None before the first.
        known_severity, known_value: as in the last message; before the first, as it stood when somebody acknowledged
            it. None while nobody knows.
        unsaid: whether something has changed since that message.
        quiet_until: no message goes out before; None when one may.
        untold_end: when the alert ended that the rule's last message said to stand, be it this one or one before; None
            when the last message is right.
    """

    rule_id: str
    ordinal: int
    watched: Watched
    value: float | None
    severity: AlertSeverity
    is_open: bool
    acknowledged_by: str | None
    raised_at: datetime
    told: AlertSeverity | None
    known_severity: AlertSeverity | None
    known_value: float | None
    unsaid: bool
    quiet_until: datetime | None
    untold_end: datetime | None

    @reduces(AlertRaisedDomainEvent)
    def _raised(self, event: AlertRaisedDomainEvent) -> None:
        self.rule_id = event.rule_id
        self.ordinal = event.ordinal
        self.watched = Watched(
            AlertMetric(event.metric), AlertOperator(event.operator).looks_up, event.assay, event.machine_id
        )
        self.value = event.value
        self.severity = AlertSeverity(event.severity)
        self.is_open = True
        self.acknowledged_by = None
        self.raised_at = event.created_at
        self.told = None
        self.known_severity = None
        self.known_value = None
        self.unsaid = True
        self.quiet_until = event.quiet_until
        self.untold_end = event.earlier_ended_at

    @reduces(AlertUpdatedDomainEvent)
    def _updated(self, event: AlertUpdatedDomainEvent) -> None:
        self.value = event.value
        self.severity = AlertSeverity(event.severity)
        self.unsaid = True

    @reduces(AlertResolvedDomainEvent)
    def _resolved(self, event: AlertResolvedDomainEvent) -> None:
        self.value = event.value if event.value is not None else self.value
        self.is_open = False
        self.unsaid = True
        if self.told is not None:
            self.untold_end = event.created_at

    @reduces(AlertAcknowledgedDomainEvent)
    def _acknowledged(self, event: AlertAcknowledgedDomainEvent) -> None:
        self.acknowledged_by = event.by
        if self.told is None:
            self.known_severity, self.known_value = self.severity, self.value

    @reduces(AlertAnnouncedDomainEvent)
    def _announced(self, event: AlertAnnouncedDomainEvent) -> None:
        self.told = self.known_severity = AlertSeverity(event.severity)
        self.known_value = event.value
        self.unsaid = False
        self.untold_end = None
        self.quiet_until = event.quiet_until
