"""Holding a rule against what is measured, in as many processes at a time as like to.

An alert's id is made of its rule and a number that counts up, and every change names the version that it was decided
on: of two evaluations at the same time one is stored, and the other begins anew with what the first one left.
"""

from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.kernel.conflicts import deciding_again_async
from application.labops.alerts.ports import AlertViews, EvaluationMemory, MeasuredValues
from application.labops.alerts.views import EvaluationOutcome, EvaluationView
from domain.kernel.clock import Clock
from domain.labops.alert import Alert, ResolveReason, alert_id_of
from domain.labops.alert_events import (
    AlertRaisedDomainEvent,
    AlertResolvedDomainEvent,
    AlertUpdatedDomainEvent,
)
from domain.labops.alert_repositories import AlertRepository
from domain.labops.alert_rule import AlertRule
from domain.labops.alert_values import AlertRuleDetails, Measurement

MOST_TRIES = 5


class AlertEvaluation:
    """Evaluates rules."""

    def __init__(
        self,
        alerts: AlertRepository,
        views: AlertViews,
        measured: MeasuredValues,
        memory: EvaluationMemory,
        clock: Clock,
    ) -> None:
        self._alerts = alerts
        self._views = views
        self._measured = measured
        self._memory = memory
        self._clock = clock

    async def evaluate_async(self, rule: AlertRule) -> EvaluationView:
        """Evaluate a rule that is watched now.

        Raises:
            OptimisticConcurrencyException: others were faster again and again.
            UnavailableError: the metrics or the store give no answer.
        """
        details, rule_id = rule.state.details, rule.state.id
        for attempt in range(1, MOST_TRIES + 1):
            now = self._clock.now()
            measured = await self._measured.measure_async(details, now, rule.state.created_at)
            alert = self._decide(rule_id, details, measured, await self.latest_async(rule_id))
            outcome = _outcome(alert, measured)
            try:
                if alert is not None:
                    await self._alerts.update_async(alert)
            except OptimisticConcurrencyException:
                if attempt == MOST_TRIES:
                    raise
                continue
            break
        told = alert is not None and (alert.state.is_open or outcome is EvaluationOutcome.RESOLVED)
        evaluation = EvaluationView(
            rule_id=rule_id,
            evaluated_at=now,
            outcome=outcome,
            value=measured.value,
            specimens=measured.specimens,
            breached=measured.value is not None and details.breached_by(measured.value),
            alert_id=alert.state.id if alert is not None and told else None,
        )
        await self._memory.put_async(evaluation)
        return evaluation

    async def end_async(self, rule_id: str, reason: ResolveReason) -> bool:
        """Resolve what stands of a rule that nobody watches any more; False when nothing does."""

        async def end() -> bool:
            alert = await self.latest_async(rule_id)
            if alert is None or not alert.end(reason, self._clock.now()):
                return False
            await self._alerts.update_async(alert)
            return True

        return await deciding_again_async(end)

    async def latest_async(self, rule_id: str) -> Alert | None:
        """Return a rule's last alert; None before the first. The read model says where to look, the log decides."""
        ordinal = await self._views.last_ordinal_async(rule_id)
        latest = await self._alerts.get_async(alert_id_of(rule_id, ordinal)) if ordinal else None
        while (later := await self._alerts.get_async(alert_id_of(rule_id, ordinal + 1))) is not None:
            latest = later
            ordinal += 1
        return latest

    def _decide(
        self, rule_id: str, details: AlertRuleDetails, measured: Measurement, latest: Alert | None
    ) -> Alert | None:
        now = self._clock.now()
        if latest is not None and latest.state.is_open:
            latest.observe(details, measured, now)
            return latest
        if measured.value is None or not details.breached_by(measured.value):
            return latest
        if latest is None:
            return Alert.raise_for(rule_id, details, 1, measured, None, now)
        before = latest.state
        return Alert.raise_for(
            rule_id, details, before.ordinal + 1, measured, before.quiet_until, now, before.untold_end
        )


def _outcome(alert: Alert | None, measured: Measurement) -> EvaluationOutcome:
    recorded = {type(event) for event in alert.pending_events} if alert is not None else set()
    if AlertRaisedDomainEvent in recorded:
        return EvaluationOutcome.RAISED
    if AlertResolvedDomainEvent in recorded:
        return EvaluationOutcome.RESOLVED
    if AlertUpdatedDomainEvent in recorded:
        return EvaluationOutcome.UPDATED
    if measured.value is None:
        return EvaluationOutcome.NO_DATA
    return EvaluationOutcome.STANDING if alert is not None and alert.state.is_open else EvaluationOutcome.FINE
