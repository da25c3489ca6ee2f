"""Connect says who belongs where; it is asked rarely, and believed for a while when it cannot be asked."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from domain.kernel.clock import Clock
from domain.kernel.errors import NoUpstreamTokenError, UnavailableError
from integration.access.connect_memberships import ConnectMemberships
from integration.access.mongo_membership_archive import MongoMembershipArchive
from integration.connect.connect_api import ConnectApi
from integration.http.retry import RetryPolicy
from integration.mongo.driver import MongoDriver
from tests.support.connect import ConnectSimulator
from tests.support.remote_records import GivenTokens

CALL = "GET /export/opp_org_program_list/"


@dataclass
class Opened:
    directory: ConnectMemberships
    now: float = 0.0


@pytest_asyncio.fixture
async def opened(connect: ConnectSimulator) -> AsyncIterator[Opened]:
    api = ConnectApi(connect.url, GivenTokens(connect), retry=RetryPolicy(attempts=1), open_seconds=0.0)
    built = Opened(ConnectMemberships(api, monotonic=lambda: built.now))
    yield built
    await api.close_async()


async def test_memberships_are_those_that_connect_tells(opened: Opened) -> None:
    brian = await opened.directory.of_async("brian")
    assert brian.ids == {
        "organization": frozenset({5}),
        "program": frozenset({12}),
        "opportunity": frozenset({814, 815}),
    }
    assert brian.opportunities[0].organization == "lwala"
    assert brian.opportunities[0].program == 12
    assert brian.opportunities[0].visit_count == 30
    assert brian.organizations[0].slug == "dimagi"
    assert (await opened.directory.of_async("eve")).organizations == ()
    assert await opened.directory.knows_async("whoever")


async def test_connect_is_asked_once_a_minute_and_person(connect: ConnectSimulator, opened: Opened) -> None:
    await opened.directory.of_async("asha")
    connect.set_organizations("asha", "reach")
    opened.now = 59.0
    assert (await opened.directory.of_async("asha")).include("opportunity", 814)
    assert connect.calls()[CALL] == 1
    opened.now = 60.0
    assert not (await opened.directory.of_async("asha")).include("opportunity", 814)
    await opened.directory.of_async("chidi")
    assert connect.calls()[CALL] == 3


async def test_who_is_denied_a_scope_is_asked_for_again_at_once(connect: ConnectSimulator, opened: Opened) -> None:
    await opened.directory.of_async("asha")
    connect.set_organizations("asha", "reach")
    await opened.directory.denied_async("asha", "opportunity", 999_999)
    assert (await opened.directory.of_async("asha")).include("opportunity", 814), "they were never said to belong there"
    connect.set_faults({"kind": "status", "path": "/export/opp_org_program_list/"})
    await opened.directory.denied_async("asha", "opportunity", 814)
    told = await opened.directory.of_async("asha")
    assert not told.include("opportunity", 814)
    assert told.include("organization", 7), "what else it said is believed while it cannot be asked"
    connect.set_faults()
    opened.now = 6.0
    assert not (await opened.directory.of_async("asha")).include("organization", 7)


async def test_an_answer_on_its_way_does_not_undo_a_denial(connect: ConnectSimulator, opened: Opened) -> None:
    await opened.directory.of_async("asha")
    opened.now = 61.0
    connect.set_faults({"kind": "latency", "seconds": 0.4, "path": "/export/opp_org_program_list/", "times": 1})
    asking = asyncio.create_task(opened.directory.of_async("asha"))
    await asyncio.sleep(0.1)
    await opened.directory.denied_async("asha", "opportunity", 814)
    connect.set_organizations("asha", "reach")
    await asking
    assert not (await opened.directory.of_async("asha")).include("opportunity", 814)


async def test_all_who_wait_share_one_call(connect: ConnectSimulator, opened: Opened) -> None:
    connect.set_faults({"kind": "latency", "seconds": 0.3, "path": "/export/opp_org_program_list/"})
    first = asyncio.create_task(opened.directory.of_async("asha"))
    await asyncio.sleep(0.05)
    others = [asyncio.create_task(opened.directory.of_async("asha")) for _ in range(200)]
    await asyncio.sleep(0.05)
    first.cancel()
    told = await asyncio.gather(*others)
    assert all(one.include("opportunity", 814) for one in told)
    assert connect.calls()[CALL] == 1


@pytest.mark.parametrize("kind", ["status", "html", "truncated", "drop_before", "wrong_json"])
async def test_a_dead_connect_is_believed_for_an_hour(connect: ConnectSimulator, opened: Opened, kind: str) -> None:
    known = await opened.directory.of_async("asha")
    connect.set_faults({"kind": kind, "path": "/export/opp_org_program_list/"})
    opened.now = 3_600.0
    old = await opened.directory.of_async("asha")
    assert old == known
    assert (old.as_of, known.stale_since) == (known.as_of, None)
    assert known.as_of is not None
    assert old.stale_since is not None
    assert old.stale_since >= known.as_of, "it says how old it is"
    calls = connect.calls()[CALL]
    opened.now = 3_604.0
    await opened.directory.of_async("asha")
    assert connect.calls()[CALL] == calls, "it is not asked at every call while it is dead"
    opened.now = 3_606.0
    with pytest.raises(UnavailableError):
        await opened.directory.of_async("asha")
    with pytest.raises(UnavailableError):
        await opened.directory.of_async("brian")
    connect.set_faults()
    again = await opened.directory.of_async("asha")
    assert (again, again.stale_since) == (known, None)


async def test_who_has_no_login_any_more_is_told_so(connect: ConnectSimulator, opened: Opened) -> None:
    await opened.directory.of_async("asha")
    connect.expire("asha", refresh=True)
    opened.now = 61.0
    with pytest.raises(NoUpstreamTokenError):
        await opened.directory.of_async("asha")


async def test_whose_login_has_lost_its_scope_is_told_so_and_believed_no_more(
    connect: ConnectSimulator, driver: MongoDriver
) -> None:
    archive = MongoMembershipArchive(driver)
    await archive.prepare_async()
    api = ConnectApi(connect.url, GivenTokens(connect), retry=RetryPolicy(attempts=1), open_seconds=0.0)
    directory = ConnectMemberships(api, archive, fresh_seconds=0.0)
    try:
        known = await directory.of_async("asha")
        connect.set_faults({"kind": "status", "status": 403, "path": "/export/opp_org_program_list/"})
        with pytest.raises(NoUpstreamTokenError):
            await directory.of_async("asha")
        connect.set_faults({"kind": "status", "status": 503, "path": "/export/opp_org_program_list/"})
        with pytest.raises(UnavailableError):
            await directory.of_async("asha")
        connect.set_faults()
        assert await directory.of_async("asha") == known
    finally:
        await api.close_async()


class Wall(Clock):
    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


async def test_a_restart_does_not_bring_back_what_was_denied(connect: ConnectSimulator, driver: MongoDriver) -> None:
    api = ConnectApi(connect.url, GivenTokens(connect), retry=RetryPolicy(attempts=1), open_seconds=0.0)
    archive = MongoMembershipArchive(driver)
    first = ConnectMemberships(api, archive)
    assert (await first.of_async("asha")).include("opportunity", 814)
    await first.denied_async("asha", "opportunity", 814)
    connect.set_faults({"kind": "status", "path": "/export/opp_org_program_list/"})
    with pytest.raises(UnavailableError):
        await ConnectMemberships(api, archive).of_async("asha")
    await api.close_async()


async def test_a_restart_during_an_outage_forgets_nobody(connect: ConnectSimulator, driver: MongoDriver) -> None:
    wall, archive = Wall(datetime(2026, 3, 1, 12, tzinfo=UTC)), MongoMembershipArchive(driver)
    await archive.prepare_async()

    def directory() -> ConnectMemberships:
        return ConnectMemberships(api, archive, wall)

    api = ConnectApi(connect.url, GivenTokens(connect), retry=RetryPolicy(attempts=1), open_seconds=0.0)
    try:
        before = await directory().of_async("asha")
        connect.set_faults({"kind": "status", "path": "/export/opp_org_program_list/"})
        wall.at += timedelta(minutes=59)
        assert await directory().of_async("asha") == before
        with pytest.raises(UnavailableError):
            await directory().of_async("brian")
        wall.at += timedelta(minutes=2)
        with pytest.raises(UnavailableError):
            await directory().of_async("asha")
    finally:
        await api.close_async()
