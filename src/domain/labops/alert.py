"""Alert: raised when a rule's limit is passed, followed while it stands, resolved when it is good again.

A message goes out at once when the alert is raised, when what was measured changes, and when it is resolved, but after
each message about the rule there is quiet for the rule's cool-down. What changes meanwhile is recorded; when the quiet
is over one message says how it stands then, if it stands. What ended in the quiet is told by no message of its own; the
next one that the rule raises says that it had ended, and when.

Values of a window move a little at every look. What is news is another severity, or a value that lies a twentieth or
more off the one recorded last. A value that grows by itself (a silence) is news only where it is as bad as it was not
before; its growth is recorded each time that it has doubled.

Once somebody has acknowledged it, only what is worse than the last message said is told: by its severity, or by a value
that lies a twentieth or more beyond that message's. What is better, or the same, is recorded.
"""

from datetime import datetime
from typing import Literal

from domain.kernel.aggregate import Aggregate
from domain.labops.alert_durations import duration_text
from domain.labops.alert_errors import AlertResolvedError
from domain.labops.alert_events import (
    AlertAcknowledgedDomainEvent,
    AlertAnnouncedDomainEvent,
    AlertRaisedDomainEvent,
    AlertResolvedDomainEvent,
    AlertUpdatedDomainEvent,
)
from domain.labops.alert_state import AlertState
from domain.labops.alert_values import AlertRuleDetails, AlertSeverity, Measurement

ResolveReason = Literal["cleared", "rule_changed", "rule_inactive", "rule_removed"]
NEWS_SHARE = 0.05
"""A value that lies less than this share off the recorded one says the same."""


class Alert(Aggregate[AlertState]):
    """One time that a rule's limit was passed. Its id is ``<rule id>-<ordinal>``: nobody can raise it a second time."""

    @classmethod
    def raise_for(
        cls,
        rule_id: str,
        details: AlertRuleDetails,
        ordinal: int,
        measured: Measurement,
        quiet_until: datetime | None,
        at: datetime,
        earlier_ended_at: datetime | None = None,
    ) -> "Alert":
        """Raise an alert, and say so unless there is to be quiet.

        Args:
            measured: with a value that the rule warns of.
            quiet_until: of the rule's alert before this one; None when there was none.
            earlier_ended_at: ``untold_end`` of that one.
        """
        value = _value(measured)
        alert = cls()
        alert.record(
            AlertRaisedDomainEvent(
                aggregate_id=alert_id_of(rule_id, ordinal),
                created_at=at,
                rule_id=rule_id,
                ordinal=ordinal,
                rule_name=details.name,
                metric=details.metric.value,
                operator=details.operator.value,
                threshold=details.threshold,
                value=value,
                severity=details.severity_of(value).value,
                window=duration_text(details.window),
                assay=details.assay,
                machine_id=details.machine_id,
                quiet_until=quiet_until,
                earlier_ended_at=earlier_ended_at,
            )
        )
        alert._announce_if_due(details, measured, at)
        return alert

    def observe(self, details: AlertRuleDetails, measured: Measurement, at: datetime) -> None:
        """Take what was measured while it stands: it is resolved, another value, or the same.

        Without a value (no data) nothing changes; what the quiet held back is said all the same. A rule that watches
        something else by now has nothing to say of this alert: it ends without a message.
        """
        if not self.state.is_open:
            return
        if details.watched != self.state.watched:
            self._resolve("rule_changed", None, at)
            return
        if measured.value is not None:
            if details.cleared_by(measured.value):
                self._resolve("cleared", measured.value, at)
            elif self._is_news(details, measured.value):
                self._update(details, measured.value, at)
        self._announce_if_due(details, measured, at)

    def end(self, reason: ResolveReason, at: datetime) -> bool:
        """Resolve it because nobody watches any more; says nothing. False when it is over already."""
        if not self.state.is_open:
            return False
        self._resolve(reason, None, at)
        return True

    def acknowledge(self, by: str, note: str, at: datetime) -> bool:
        """Note that somebody has seen it; False, and nothing recorded, when somebody has before.

        Raises:
            AlertResolvedError: it is over.
        """
        if self.state.acknowledged_by is not None:
            return False
        if not self.state.is_open:
            raise AlertResolvedError(f"alert {self.state.id} is resolved")
        self.record(
            AlertAcknowledgedDomainEvent(
                aggregate_id=self.state.id, created_at=at, rule_id=self.state.rule_id, by=by, note=note
            )
        )
        return True

    def _is_news(self, details: AlertRuleDetails, value: float) -> bool:
        before = self.state.value
        if before is None or details.severity_of(value) != self.state.severity:
            return True
        if details.metric.grows_by_itself:
            return value >= 2 * before > 0
        return value != before and abs(value - before) >= NEWS_SHARE * abs(before)

    def _is_worse_than_known(self, details: AlertRuleDetails, measured: Measurement) -> bool:
        state, known = self.state, self.state.known_value
        if state.severity is not state.known_severity:
            return state.severity is AlertSeverity.HIGH
        value = state.value if measured.value is None else measured.value
        if value is None or known is None or details.metric.grows_by_itself:
            return False
        worse_by = value - known if details.operator.looks_up else known - value
        return worse_by > 0 and worse_by >= NEWS_SHARE * abs(known)

    def _update(self, details: AlertRuleDetails, value: float, at: datetime) -> None:
        self.record(
            AlertUpdatedDomainEvent(
                aggregate_id=self.state.id,
                created_at=at,
                rule_id=self.state.rule_id,
                value=value,
                severity=details.severity_of(value).value,
            )
        )

    def _resolve(self, reason: ResolveReason, value: float | None, at: datetime) -> None:
        self.record(
            AlertResolvedDomainEvent(
                aggregate_id=self.state.id, created_at=at, rule_id=self.state.rule_id, value=value, reason=reason
            )
        )

    def _announce_if_due(self, details: AlertRuleDetails, measured: Measurement, at: datetime) -> None:
        state = self.state
        if not state.unsaid or (state.quiet_until is not None and at < state.quiet_until):
            return
        if state.told is None and not state.is_open:
            return
        if state.is_open and details.metric.grows_by_itself and state.told is state.severity:
            return
        if state.is_open and state.acknowledged_by is not None and not self._is_worse_than_known(details, measured):
            # Somebody is at it: only news that could change what they do.
            return
        if state.is_open and measured.value not in (None, state.value):
            # What was recorded may be a while ago; a message says how it stands now.
            self._update(details, _value(measured), at)
        kind = "resolved" if not state.is_open else "raised" if state.told is None else "updated"
        self.record(
            AlertAnnouncedDomainEvent(
                aggregate_id=state.id,
                created_at=at,
                rule_id=state.rule_id,
                kind=kind,
                rule_name=details.name,
                metric=details.metric.value,
                operator=details.operator.value,
                threshold=details.threshold,
                value=state.value,
                severity=state.severity.value,
                window=duration_text(details.window),
                assay=details.assay,
                machine_id=details.machine_id,
                raised_at=state.raised_at,
                specimens=measured.specimens,
                concerned=measured.concerned,
                top_assays=[assay for assay, _ in measured.top_assays],
                top_counts=[count for _, count in measured.top_assays],
                channels=list(details.channels),
                quiet_until=at + details.cool_down,
                earlier_ended_at=state.untold_end if kind == "raised" else None,
            )
        )


def alert_id_of(rule_id: str, ordinal: int) -> str:
    """Return the id of a rule's alert; ``ordinal`` counts from 1."""
    return f"{rule_id}-{ordinal}"


def _value(measured: Measurement) -> float:
    if measured.value is None:
        raise ValueError("nothing was measured")
    return measured.value
