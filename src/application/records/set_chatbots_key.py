"""Set the key to the bots' system."""

from dataclasses import dataclass, field

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.credentials import Credentials, CredentialStore
from application.records.chatbots import BOTS_OWNER


@dataclass(frozen=True, kw_only=True)
class SetChatbotsKeyCommand(Command[OperationResult[None]]):
    """Keep the key, encrypted; None forgets it."""

    api_key: str | None = field(repr=False)


class SetChatbotsKeyCommandHandler(CommandHandler[SetChatbotsKeyCommand, OperationResult[None]]):
    def __init__(self, credentials: CredentialStore) -> None:
        self._credentials = credentials

    async def handle_async(self, request: SetChatbotsKeyCommand) -> OperationResult[None]:
        if request.api_key is None:
            await self._credentials.remove_async(BOTS_OWNER)
        else:
            await self._credentials.put_async(BOTS_OWNER, Credentials("api-key", request.api_key))
        return self.no_content()
