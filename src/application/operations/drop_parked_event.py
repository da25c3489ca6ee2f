"""Give a parked event up for good."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.refusals import missing
from application.kernel.subscriptions import Subscriptions


@dataclass(frozen=True, kw_only=True)
class DropParkedEventCommand(Command[OperationResult[None]]):
    """Give a parked event up for good."""

    name: str
    parked_id: str


class DropParkedEventCommandHandler(CommandHandler[DropParkedEventCommand, OperationResult[None]]):
    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    async def handle_async(self, request: DropParkedEventCommand) -> OperationResult[None]:
        if not await self._subscriptions.drop_async(request.name, request.parked_id):
            return missing("parked event", request.parked_id)
        return self.no_content()
