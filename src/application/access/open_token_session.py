"""Open a session for whoever holds a token."""

from dataclasses import dataclass, field
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.connect_logins import Person, Sessions


@dataclass(frozen=True, kw_only=True)
class OpenTokenSessionCommand(Command[OperationResult[str]]):
    """Open a session that lasts no longer than the token; its secret is the result.

    ``session`` is the secret of the session that the browser holds already, if any: it ends.
    """

    username: str
    role: str
    ends_at: datetime
    session: str | None = field(repr=False)


class OpenTokenSessionCommandHandler(CommandHandler[OpenTokenSessionCommand, OperationResult[str]]):
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def handle_async(self, request: OpenTokenSessionCommand) -> OperationResult[str]:
        if request.session:
            await self._sessions.end_by_secret_async(request.session)
        return self.ok(await self._sessions.open_async(Person(request.username), request.role, request.ends_at))
