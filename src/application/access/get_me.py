"""Who is asking, and where do they belong?"""

from dataclasses import dataclass
from datetime import UTC, datetime

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.access.access_directory import AccessDirectory
from application.access.connect_logins import Grants, Sessions
from application.access.installation import AccessInstallation
from application.contracts.labs_context import AskedContext, LabsContext, LabsContexts
from application.contracts.memberships import MembershipDirectory, Memberships
from application.kernel.request_context import current_request
from domain.kernel.errors import NoUpstreamTokenError, UnavailableError


@dataclass(frozen=True, kw_only=True)
class MeView:
    """Whoever asks.

    Attributes:
        name, email: as Connect told at their login, else as their user here has them; empty if neither knows.
        session: whether they are known by a session.
        expires_at: when their session or the other system's token ends; None for a token of ours.
        login_usable: whether Connect should still accept their login; None without such a login.
        memberships: None while nobody can tell.
        context: None while nobody can tell.
    """

    username: str
    name: str
    email: str
    session: bool
    expires_at: datetime | None
    login_usable: bool | None
    memberships: Memberships | None
    context: LabsContext | None


@dataclass(frozen=True, kw_only=True)
class GetMeQuery(Query[OperationResult[MeView]]):
    """Tell whoever asks what is known about them."""

    asked: AskedContext


class GetMeQueryHandler(QueryHandler[GetMeQuery, OperationResult[MeView]]):
    def __init__(
        self,
        memberships: MembershipDirectory,
        contexts: LabsContexts,
        sessions: Sessions,
        grants: Grants,
        directory: AccessDirectory,
        installation: AccessInstallation,
    ) -> None:
        self._memberships = memberships
        self._contexts = contexts
        self._sessions = sessions
        self._grants = grants
        self._directory = directory
        self._installation = installation

    async def handle_async(self, request: GetMeQuery) -> OperationResult[MeView]:
        asking = current_request()
        signed_in = asking.signed_in
        key = signed_in.session_key if signed_in is not None else None
        by_connect = signed_in is not None and key is not None and signed_in.role is None
        person = await self._sessions.person_async(key) if key is not None else None
        memberships: Memberships | None = None
        context: LabsContext | None = None
        name, email = (person.name, person.email) if person is not None else ("", "")
        try:
            user = await self._directory.user_async(asking.actor) if self._installation.managed_here else None
            if user is not None:
                name, email = name or user.details.name, email or user.details.email
            memberships = await self._memberships.of_async(asking.actor)
            context = await self._contexts.current_async(request.asked)
        except (UnavailableError, NoUpstreamTokenError):
            pass  # Who they are can be told all the same.
        return self.ok(
            MeView(
                username=asking.actor,
                name=name,
                email=email,
                session=key is not None,
                expires_at=None if signed_in is None else datetime.fromtimestamp(int(signed_in.expires_at), UTC),
                login_usable=await self._grants.is_usable_async(asking.actor) if by_connect else None,
                memberships=memberships,
                context=context,
            )
        )
