"""What is shown of alerts, rules and channels. Of a channel's address nobody sees more than the host."""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.labops.alert_channel import AlertChannel
from domain.labops.alert_durations import duration_text
from domain.labops.alert_rule import AlertRule


class EvaluationOutcome(StrEnum):
    """What an evaluation led to."""

    FINE = "fine"
    NO_DATA = "no_data"
    RAISED = "raised"
    UPDATED = "updated"
    STANDING = "standing"
    """An alert is open and nothing was recorded."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationView:
    """One evaluation of a rule.

    Attributes:
        value: what was measured, in the metric's unit; None without data.
        specimens: how many specimens it was made from.
        breached: whether the value is beyond the threshold.
        alert_id: the alert that it is about; None when none was open.
    """

    rule_id: str
    evaluated_at: datetime
    outcome: EvaluationOutcome
    value: float | None
    specimens: int
    breached: bool
    alert_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRuleView:
    """A rule; ``window`` and ``cool_down`` are ISO 8601 durations. ``last_evaluation`` is None before the first."""

    rule_id: str
    name: str
    metric: str
    operator: str
    threshold: float
    clear_threshold: float
    window: str
    cool_down: str
    filters: dict[str, str | None]
    channels: tuple[str, ...]
    active: bool
    defined_at: datetime
    changed_at: datetime
    version: int
    last_evaluation: EvaluationView | None = None


def rule_view(rule: AlertRule, known: Container[str], last: EvaluationView | None = None) -> AlertRuleView:
    """Return what is shown of a stored rule; of its channels those that are ``known`` to be there."""
    state, details = rule.state, rule.state.details
    return AlertRuleView(
        rule_id=state.id,
        name=details.name,
        metric=details.metric.value,
        operator=details.operator.value,
        threshold=details.threshold,
        clear_threshold=details.clear_threshold,
        window=duration_text(details.window),
        cool_down=duration_text(details.cool_down),
        filters={"assay": details.assay, "machine_id": details.machine_id},
        channels=tuple(one for one in details.channels if one in known),
        active=details.active,
        defined_at=state.created_at,
        changed_at=state.last_modified,
        version=state.state_version,
        last_evaluation=last,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChannelView:
    """A channel; ``secret`` is only shown in the answer that made it, of a channel of kind webhook."""

    channel_id: str
    name: str
    kind: str
    host: str
    dry_run: bool
    registered_at: datetime
    changed_at: datetime
    version: int
    secret: str | None = field(default=None, repr=False)


def channel_view(channel: AlertChannel, secret: str | None = None) -> AlertChannelView:
    """Return what is shown of a stored channel."""
    state = channel.state
    return AlertChannelView(
        channel_id=state.id,
        name=state.name,
        kind=state.kind.value,
        host=state.host,
        dry_run=state.dry_run,
        registered_at=state.created_at,
        changed_at=state.last_modified,
        version=state.state_version,
        secret=secret,
    )


class AlertStatus(StrEnum):
    """How an alert stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    """Open, and somebody has seen it."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFilter:
    """Which alerts; None leaves nothing out. ``OPEN`` means those that nobody has acknowledged."""

    status: AlertStatus | None = None
    standing: bool | None = None
    rule_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An alert.

    Attributes:
        value: the last one recorded; what differs from it by less than a twentieth is not. ``worst_value`` is the one
            furthest beyond the limit.
        severity, worst_severity: of the last value recorded, and the worst that it was.
        filters: assay and machine of its rule.
        resolved_reason: ``cleared``, ``rule_changed``, ``rule_inactive`` or ``rule_removed``; None while it stands.
        messages: how many messages went out about it.
        acknowledged_at, acknowledged_by: when it was seen, and by whom; None when nobody has.
        note: of whoever has seen it; None without one.
    """

    alert_id: str
    rule_id: str
    rule_name: str
    metric: str
    operator: str
    threshold: float
    value: float
    worst_value: float
    severity: str
    worst_severity: str
    status: AlertStatus
    window: str
    filters: dict[str, Any]
    raised_at: datetime
    updated_at: datetime
    resolved_at: datetime | None
    resolved_reason: str | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None
    messages: int
    version: int
