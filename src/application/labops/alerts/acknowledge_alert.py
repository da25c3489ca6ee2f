"""Acknowledge an alert."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.conflicts import deciding_again_async
from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from domain.kernel.clock import Clock
from domain.labops.alert_repositories import AlertRepository


@dataclass(frozen=True, kw_only=True)
class AcknowledgeAlertCommand(Command[OperationResult[str]]):
    """Note that somebody has seen it. Who was first stays; the answer is the alert's id."""

    alert_id: str
    note: str = ""


class AcknowledgeAlertCommandHandler(CommandHandler[AcknowledgeAlertCommand, OperationResult[str]]):
    def __init__(self, alerts: AlertRepository, clock: Clock) -> None:
        self._alerts = alerts
        self._clock = clock

    async def handle_async(self, request: AcknowledgeAlertCommand) -> OperationResult[str]:
        # The job may evaluate its rule at the same moment: nothing that a person would have to know of.
        return await deciding_again_async(lambda: self._acknowledge_async(request))

    async def _acknowledge_async(self, request: AcknowledgeAlertCommand) -> OperationResult[str]:
        alert = await self._alerts.get_async(request.alert_id)
        if alert is None:
            return missing("alert", request.alert_id)
        alert.acknowledge(current_request().actor, request.note, self._clock.now())
        await self._alerts.update_async(alert)
        return self.ok(request.alert_id)
