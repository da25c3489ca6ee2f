"""The access context, put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from application.access.access_directory import AccessDirectory
from application.access.connect_logins import ConnectLogins, Grants, PendingLogins, Sessions
from application.access.installation import AccessInstallation
from application.access.labs_context import MembersLabsContexts
from application.access.local_admission import LocalAdmission
from application.contracts.labs_context import LabsContexts
from application.contracts.memberships import MembershipDirectory, UpstreamTokens
from application.contracts.presented_logins import PresentedLogins
from application.kernel.event_feed import EventFeed
from application.kernel.handlers import register_handlers
from application.kernel.leases import Leases
from domain.access.events import ACCESS_EVENTS
from domain.access.repositories import AccessIds, OrganizationRepository, UserRepository
from domain.kernel.clock import Clock
from domain.kernel.errors import LabkeeperError
from integration.access.connect_bearer_tokens import ConnectBearerTokens
from integration.access.connect_memberships import ConnectMemberships
from integration.access.connect_oauth import HttpConnectLogins
from integration.access.connect_tokens import ConnectTokens
from integration.access.local_memberships import LocalMemberships
from integration.access.mongo_access_repositories import (
    MongoAccessIds,
    MongoOrganizationRepository,
    MongoUserRepository,
)
from integration.access.mongo_membership_archive import MongoMembershipArchive
from integration.access.mongo_pending_logins import MongoPendingLogins
from integration.access.mongo_sessions import MongoSessions
from integration.access.presented_tokens import PresentedTokens
from integration.connect.connect_api import ConnectApi
from integration.http.address_policy import AddressPolicy
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from settings import ConnectSettings

LOG = "access"


class ConnectMissingError(LabkeeperError):
    """A setting wants Connect, and none says where it is."""


class ConnectConnections(HostedService):
    """Closes the connections to Connect's interface at the end."""

    def __init__(self, api: ConnectApi) -> None:
        self._api = api

    async def start_async(self) -> None:
        """Connections open when they are first needed."""

    async def stop_async(self) -> None:
        await self._api.close_async()


@dataclass(frozen=True)
class AccessContext:
    """What the application does with the context.

    Attributes:
        log: its event log.
        sessions: knows browsers.
        bearers: knows Connect's own tokens; None where there is no Connect.
        admission: knows which of our own users are let in no more; None where users are Connect's.
    """

    log: MongoEventStore
    sessions: MongoSessions
    bearers: ConnectBearerTokens | None
    pending: MongoPendingLogins
    archive: MongoMembershipArchive
    logins: HttpConnectLogins
    admission: LocalAdmission | None

    async def prepare_async(self) -> None:
        """Make the indexes; to be called before anything starts."""
        await self.log.prepare_async()
        await self.sessions.prepare_async()
        await self.pending.prepare_async()
        await self.archive.prepare_async()

    async def close_async(self) -> None:
        """Let go of the log and of the connections; to be called after everything has stopped."""
        await self.logins.close_async()
        await self.log.close_async()


def register_access(
    services: ServiceCollection,
    *,
    driver: MongoDriver,
    clock: Clock,
    keys: Sequence[str],
    policy: AddressPolicy,
    connect: ConnectSettings,
    managed_here: bool,
    public_url: str = "",
) -> AccessContext:
    """Register users, organisations, logins and the labs context.

    Expects ``Clock`` and ``Leases`` among the services.

    Without users of our own a ``ConnectApi`` is among the services too.

    Args:
        keys: Fernet keys that encrypt tokens at rest.
        managed_here: whether users, organisations and memberships are ours.

    Raises:
        ConnectMissingError: they are Connect's, and it is not said where that is.
    """
    if not managed_here:
        for name, value in (("URL", connect.url), ("CLIENT_ID", connect.client_id)):
            if not value:
                raise ConnectMissingError(
                    f"LABKEEPER_CONNECT_{name}: must be set, unless LABKEEPER_RECORDS_REPOSITORY is local"
                )
    log = MongoEventStore(driver, LOG, EventCodec(LOG, ACCESS_EVENTS), clock)
    directory = AccessDirectory(log)
    admission = LocalAdmission(directory, log) if managed_here else None
    sessions = MongoSessions(driver, clock)
    pending = MongoPendingLogins(driver, keys, clock)
    archive = MongoMembershipArchive(driver)
    logins = HttpConnectLogins(connect.url, connect.client_id, connect.client_secret, policy, clock)

    def tokens(provider: ServiceProviderBase) -> ConnectTokens:
        return ConnectTokens(driver, keys, logins, provider.get_required_service(Leases), clock)

    def same(provider: ServiceProviderBase) -> ConnectTokens:
        found: ConnectTokens = provider.get_required_service(ConnectTokens)
        return found

    services.add_singleton(
        AccessInstallation, singleton=AccessInstallation(managed_here, bool(connect.url), public_url)
    )
    services.add_singleton(EventFeed, singleton=log)
    services.add_singleton(AccessDirectory, singleton=directory)
    services.add_singleton(UserRepository, singleton=MongoUserRepository(log))
    services.add_singleton(OrganizationRepository, singleton=MongoOrganizationRepository(log))
    services.add_singleton(AccessIds, singleton=MongoAccessIds(driver))
    services.add_singleton(ConnectLogins, singleton=logins)
    services.add_singleton(PendingLogins, singleton=pending)
    services.add_singleton(Sessions, singleton=sessions)
    bearers = ConnectBearerTokens(logins, clock) if connect.url else None
    services.add_singleton(ConnectTokens, implementation_factory=tokens)
    services.add_singleton(
        PresentedLogins, implementation_factory=lambda provider: PresentedTokens(bearers, same(provider), clock)
    )
    for port in (Grants, UpstreamTokens, HostedService):
        services.add_singleton(port, implementation_factory=same)
    if admission is not None:
        services.add_singleton(MembershipDirectory, singleton=LocalMemberships(directory))
        services.add_singleton(HostedService, singleton=admission)
    else:
        _register_connect_memberships(services, connect.url, policy, archive, clock)
    services.add_singleton(LabsContexts, MembersLabsContexts)
    register_handlers(services, "application.access")
    return AccessContext(log, sessions, bearers, pending, archive, logins, admission)


def _register_connect_memberships(
    services: ServiceCollection, url: str, policy: AddressPolicy, archive: MongoMembershipArchive, clock: Clock
) -> None:
    def api(provider: ServiceProviderBase) -> ConnectApi:
        return ConnectApi(url, provider.get_required_service(UpstreamTokens), policy=policy)

    def memberships(provider: ServiceProviderBase) -> ConnectMemberships:
        return ConnectMemberships(provider.get_required_service(ConnectApi), archive, clock)

    services.add_singleton(ConnectApi, implementation_factory=api)
    services.add_singleton(HostedService, ConnectConnections)
    services.add_singleton(MembershipDirectory, implementation_factory=memberships)
