"""Try a parked event again."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.refusals import missing
from application.kernel.subscriptions import Subscriptions


@dataclass(frozen=True, kw_only=True)
class ReplayParkedEventCommand(Command[OperationResult[str]]):
    """Try a parked event again."""

    name: str
    parked_id: str


class ReplayParkedEventCommandHandler(CommandHandler[ReplayParkedEventCommand, OperationResult[str]]):
    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    async def handle_async(self, request: ReplayParkedEventCommand) -> OperationResult[str]:
        outcome = await self._subscriptions.replay_async(request.name, request.parked_id)
        return missing("parked event", request.parked_id) if outcome is None else self.ok(outcome)
