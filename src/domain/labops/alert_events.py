"""The facts around alerts. An address of a channel is in none of them."""

from dataclasses import dataclass, field
from datetime import datetime

from domain.kernel.domain_event import RecordedDomainEvent, domain_event


@dataclass(kw_only=True)
class AlertRuleDomainEvent(RecordedDomainEvent):
    """All that is known of a rule afterwards; ``window`` and ``cool_down`` are ISO 8601 durations."""

    name: str
    metric: str
    operator: str
    threshold: float
    clear_threshold: float
    window: str
    cool_down: str
    assay: str | None = None
    machine_id: str | None = None
    channels: list[str] = field(default_factory=list)
    active: bool = True


@domain_event("labops.alert-rule-defined.v1")
class AlertRuleDefinedDomainEvent(AlertRuleDomainEvent):
    pass


@domain_event("labops.alert-rule-changed.v1")
class AlertRuleChangedDomainEvent(AlertRuleDomainEvent):
    pass


@domain_event("labops.alert-rule-removed.v1")
class AlertRuleRemovedDomainEvent(RecordedDomainEvent):
    pass


@domain_event("labops.alert-channel-registered.v1")
class AlertChannelRegisteredDomainEvent(RecordedDomainEvent):
    """``host`` is all of the address that anybody sees; empty for a channel without one."""

    name: str
    kind: str
    host: str
    dry_run: bool


@domain_event("labops.alert-channel-changed.v1")
class AlertChannelChangedDomainEvent(RecordedDomainEvent):
    """``address_replaced``: the credential store gets another address for it."""

    name: str
    host: str
    dry_run: bool
    address_replaced: bool = False


@domain_event("labops.alert-channel-removed.v1")
class AlertChannelRemovedDomainEvent(RecordedDomainEvent):
    pass


@domain_event("labops.alert-raised.v1")
class AlertRaisedDomainEvent(RecordedDomainEvent):
    """A rule's limit is passed.

    Attributes:
        ordinal: how many alerts of this rule there were, this one included.
        quiet_until: no message goes out before; None when one may go out at once.
        earlier_ended_at: when the alert ended that the rule's last message said to stand, if no message said that.
    """

    rule_id: str
    ordinal: int
    rule_name: str
    metric: str
    operator: str
    threshold: float
    value: float
    severity: str
    window: str
    assay: str | None = None
    machine_id: str | None = None
    quiet_until: datetime | None = None
    earlier_ended_at: datetime | None = None


@domain_event("labops.alert-updated.v1")
class AlertUpdatedDomainEvent(RecordedDomainEvent):
    """It stands, and what was measured is worth noting: another severity, or a value clearly off the last one."""

    rule_id: str
    value: float
    severity: str


@domain_event("labops.alert-resolved.v1")
class AlertResolvedDomainEvent(RecordedDomainEvent):
    """``reason``: ``cleared``, ``rule_changed``, ``rule_inactive`` or ``rule_removed``.

    ``value`` is None when it was not for what was measured.
    """

    rule_id: str
    value: float | None
    reason: str


@domain_event("labops.alert-acknowledged.v1")
class AlertAcknowledgedDomainEvent(RecordedDomainEvent):
    """Somebody has seen it."""

    rule_id: str
    by: str
    note: str


@domain_event("labops.alert-announced.v1")
class AlertAnnouncedDomainEvent(RecordedDomainEvent):
    """One message about the alert goes out, to each of these channels: it says what stands here.

    Attributes:
        kind: ``raised``, ``updated`` or ``resolved``.
        concerned: specimens in breach or in error; None where that has no meaning.
        top_assays: names of the assays with the most of them; ``top_counts`` their numbers.
        quiet_until: no other message about the rule goes out before.
        earlier_ended_at: with ``raised``, see ``AlertRaisedDomainEvent``.
    """

    rule_id: str
    kind: str
    rule_name: str
    metric: str
    operator: str
    threshold: float
    value: float | None
    severity: str
    window: str
    assay: str | None
    machine_id: str | None
    raised_at: datetime
    specimens: int
    concerned: int | None
    top_assays: list[str]
    top_counts: list[int]
    channels: list[str]
    quiet_until: datetime
    earlier_ended_at: datetime | None = None


ALERT_EVENTS: tuple[type[RecordedDomainEvent], ...] = (
    AlertRuleDefinedDomainEvent,
    AlertRuleChangedDomainEvent,
    AlertRuleRemovedDomainEvent,
    AlertChannelRegisteredDomainEvent,
    AlertChannelChangedDomainEvent,
    AlertChannelRemovedDomainEvent,
    AlertRaisedDomainEvent,
    AlertUpdatedDomainEvent,
    AlertResolvedDomainEvent,
    AlertAcknowledgedDomainEvent,
    AlertAnnouncedDomainEvent,
)
