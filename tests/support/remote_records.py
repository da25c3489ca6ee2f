"""The remote store of records for tests: the simulated Connect with the people of the contract suite."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from application.contracts.memberships import UpstreamTokens
from domain.records.repositories import LabsRecordRepository
from integration.access.connect_memberships import ConnectMemberships
from integration.connect.connect_api import ConnectApi
from integration.http.retry import RetryPolicy
from integration.records.http_labs_record_repository import HttpLabsRecordRepository
from integration.records.remote_reads import RemoteReads
from integration.records.remote_writes import RemoteWrites
from tests.support.connect import ConnectSimulator
from tests.support.records import ASHA, BEN, NOBODY, RecordStore

STRANGER = "somebody-else"
"""Has a login at Connect and belongs nowhere."""


class GivenTokens(UpstreamTokens):
    """Tokens as logins at the simulator gave them; a refused one is refreshed as ours are, once."""

    def __init__(self, connect: ConnectSimulator, aliases: dict[str, str] | None = None) -> None:
        self._connect = connect
        self._aliases = aliases or {}
        self._tokens: dict[str, dict[str, Any]] = {}
        self.refreshed: list[str] = []
        self.without_refresh: set[str] = set()

    async def token_of_async(self, username: str, *, rejected: str | None = None) -> str | None:
        named = self._aliases.get(username, username)
        if named not in self._tokens:
            self._tokens[named] = self._connect.tokens(named)
        elif self._tokens[named].get("access_token") == rejected and rejected is not None:
            self.refreshed.append(username)
            said = {"grant_type": "refresh_token", "refresh_token": self._tokens[named].get("refresh_token", "")}
            client = (self._connect.client_id, self._connect.client_secret)
            self._tokens[named] = self._connect.client.post("/o/token/", data=said, auth=client).json()
        return self._tokens[named].get("access_token")

    def log_in(self, username: str) -> None:
        """Have new tokens of somebody, as a login gives them."""
        named = self._aliases.get(username, username)
        self._tokens[named] = self._connect.tokens(named)

    async def usernames_async(self) -> list[str]:
        return [*await self.refreshable_usernames_async(), *sorted(self.without_refresh & set(self._tokens))]

    async def refreshable_usernames_async(self) -> list[str]:
        return [one for one in self._tokens if one not in self.without_refresh]


@dataclass
class RemoteStore(RecordStore):
    """The repository over HTTP."""

    tells_foreign_ids_from_free_ones: bool = field(default=False)
    connect: ConnectSimulator | None = None
    api: ConnectApi | None = None
    tokens: GivenTokens | None = None
    memberships: ConnectMemberships | None = None

    async def another_async(self) -> LabsRecordRepository:
        """The same repository: between processes the remote has a window in which updates are lost."""
        return self.records


@asynccontextmanager
async def remote_store(
    connect: ConnectSimulator,
    *,
    aliases: dict[str, str] | None = None,
    settle_waits_seconds: tuple[float, ...] = (0.0, 0.1, 0.3),
    fresh_seconds: float = 5.0,
    **api: Any,
) -> AsyncIterator[RemoteStore]:
    """Open the repository on a simulator until the block ends; keyword arguments are those of ``ConnectApi``."""
    tokens = GivenTokens(connect, aliases)
    retry = RetryPolicy(attempts=2, base_seconds=0.01, cap_seconds=0.05)
    opened = ConnectApi(connect.url, tokens, **{"retry": retry, "open_seconds": 0.05, **api})
    memberships = ConnectMemberships(opened)
    reads = RemoteReads(opened, memberships)
    writes = RemoteWrites(opened, reads, settle_waits_seconds=settle_waits_seconds, fresh_seconds=fresh_seconds)
    repository = HttpLabsRecordRepository(opened, memberships, reads=reads, writes=writes)
    try:
        yield RemoteStore(records=repository, connect=connect, api=opened, tokens=tokens, memberships=memberships)
    finally:
        await opened.close_async()


@asynccontextmanager
async def contract_remote_store(connect: ConnectSimulator) -> AsyncIterator[RemoteStore]:
    """Open the repository in the world of ``two_strangers``, without any record."""
    connect.set_faults()
    connect.set_world(
        organizations=[{"id": 1, "slug": "lwala", "name": "Lwala"}, {"id": 2, "slug": "dimagi", "name": "Dimagi"}],
        programs=[
            {"id": 12, "name": "CHC", "organization": "lwala"},
            {"id": 13, "name": "KMC", "organization": "lwala"},
            {"id": 22, "name": "MBW", "organization": "dimagi"},
        ],
        opportunities=[
            {"id": 814, "name": "CHC Round 3", "organization": "lwala", "program": 12},
            {"id": 815, "name": "CHC shared", "organization": "lwala", "program": 22},
            {"id": 824, "name": "MBW", "organization": "dimagi", "program": 22},
        ],
        users=[
            {"username": ASHA, "of": ["lwala"]},
            {"username": BEN, "of": ["dimagi"]},
            {"username": STRANGER, "of": []},
        ],
    )
    connect.set_records([], restart_ids=True)
    async with remote_store(connect, aliases={NOBODY: STRANGER}) as opened:
        yield opened
