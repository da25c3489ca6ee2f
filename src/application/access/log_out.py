"""Log out."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.connect_logins import Grants, Sessions
from application.kernel.request_context import current_request


@dataclass(frozen=True, kw_only=True)
class LogOutCommand(Command[OperationResult[None]]):
    """End the session of whoever asks. The tokens behind it are forgotten with their last session."""


class LogOutCommandHandler(CommandHandler[LogOutCommand, OperationResult[None]]):
    def __init__(self, sessions: Sessions, grants: Grants) -> None:
        self._sessions = sessions
        self._grants = grants

    async def handle_async(self, request: LogOutCommand) -> OperationResult[None]:  # noqa: ARG002  # whoever asks is meant
        signed_in = current_request().signed_in
        if signed_in is not None and signed_in.session_key is not None:
            await self._sessions.end_async(signed_in.session_key)
            if not await self._sessions.has_any_async(signed_in.username):
                await self._grants.forget_async(signed_in.username)
        return self.no_content()
