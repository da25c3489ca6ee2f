"""Choose where to work."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.connect_logins import Sessions
from application.access.labs_context import chosen_among, only_choice
from application.contracts.labs_context import NOTHING_ASKED, AskedContext, LabsContext
from application.contracts.memberships import MembershipDirectory
from application.kernel.refusals import Refusal
from application.kernel.request_context import current_request


@dataclass(frozen=True, kw_only=True)
class ChooseContextCommand(Command[OperationResult[LabsContext]]):
    """Keep a labs context in the session of whoever asks; naming nothing leaves it to what there is to choose from."""

    asked: AskedContext


class ChooseContextCommandHandler(CommandHandler[ChooseContextCommand, OperationResult[LabsContext]]):
    def __init__(self, memberships: MembershipDirectory, sessions: Sessions) -> None:
        self._memberships = memberships
        self._sessions = sessions

    async def handle_async(self, request: ChooseContextCommand) -> OperationResult[LabsContext]:
        signed_in = current_request().signed_in
        if signed_in is None or signed_in.session_key is None:
            detail = "a token has no session to keep this in; name opportunity, program or organization in each request"
            return Refusal(409, "no-session", "No session", detail)
        memberships = await self._memberships.of_async(current_request().actor)
        context = chosen_among(memberships, request.asked)
        await self._sessions.choose_context_async(signed_in.session_key, context)
        return self.ok(only_choice(memberships) if request.asked == NOTHING_ASKED else context)
