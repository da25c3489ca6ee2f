"""The tokens behind the logins: refreshed in time, once for all who wait, and never readable in the database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from cryptography.fernet import Fernet

from application.access.connect_logins import Grant
from domain.kernel.errors import UnavailableError
from integration.access.connect_oauth import HttpConnectLogins
from integration.access.connect_tokens import ConnectTokens
from integration.access.secrets_at_rest import name_of
from integration.http.address_policy import AddressPolicy
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from tests.support.connect import ConnectSimulator
from tests.support.hosts import end_process, start_process
from tests.support.served import MovableClock

KEY = Fernet.generate_key().decode()
TOKEN = "POST /o/token/"


class Keeping:
    """Everything that keeps tokens, on a clock that can be moved."""

    def __init__(self, driver: MongoDriver, connect: ConnectSimulator) -> None:
        self.driver = driver
        self.connect = connect
        self.clock = MovableClock()
        self.logins = HttpConnectLogins(
            connect.url, connect.client_id, connect.client_secret, AddressPolicy(), self.clock
        )
        self.tokens = self.another()

    def another(self, holder: str | None = None, key: str = KEY) -> ConnectTokens:
        """Return tokens as another process would have them."""
        return ConnectTokens(self.driver, [key], self.logins, MongoLeases(self.driver, holder), self.clock)

    async def logged_in(self, username: str = "asha", *, refreshable: bool = True) -> Grant:
        """Keep tokens as after a login."""
        told = self.connect.tokens(username)
        expires = datetime.now(UTC) + timedelta(seconds=told["expires_in"])
        refresh = told["refresh_token"] if refreshable else None
        grant = Grant(told["access_token"], refresh, expires, told["expires_in"])
        await self.tokens.keep_async(username, grant)
        return grant

    def advance_to(self, seconds_before_the_end: float) -> None:
        self.clock.advance(1_209_600 - seconds_before_the_end)


@pytest_asyncio.fixture
async def keeping(driver: MongoDriver, connect: ConnectSimulator) -> AsyncIterator[Keeping]:
    found = Keeping(driver, connect)
    await found.tokens.start_async()
    yield found
    await found.tokens.stop_async()
    await found.logins.close_async()


async def test_a_fresh_token_is_given_as_it_is_and_nobody_elses(keeping: Keeping) -> None:
    grant = await keeping.logged_in()
    assert await keeping.tokens.token_of_async("asha") == grant.access_token
    assert await keeping.tokens.token_of_async("brian") is None
    assert TOKEN not in keeping.connect.calls()


async def test_it_is_refreshed_before_it_expires(keeping: Keeping) -> None:
    grant = await keeping.logged_in()
    keeping.advance_to(seconds_before_the_end=310)
    assert await keeping.tokens.token_of_async("asha") == grant.access_token
    keeping.clock.advance(20)
    renewed = await keeping.tokens.token_of_async("asha")
    assert renewed not in (None, grant.access_token)
    assert await keeping.another().token_of_async("asha") == renewed
    assert keeping.connect.calls()[TOKEN] == 1


async def test_many_who_wait_in_two_processes_worth_of_tokens_refresh_once(keeping: Keeping) -> None:
    await keeping.logged_in()
    keeping.clock.advance(1_209_601)
    keeping.connect.set_faults({"kind": "latency", "seconds": 0.3, "path": "/o/token/"})
    both = (keeping.another("one"), keeping.another("two"))
    found = await asyncio.gather(*(both[number % 2].token_of_async("asha") for number in range(40)))
    assert len(set(found)) == 1
    assert found[0] is not None
    assert keeping.connect.calls()[TOKEN] == 1


async def test_two_real_processes_share_one_refresh(keeping: Keeping, mongo_uri: str, database_name: str) -> None:
    told = keeping.connect.tokens("asha")
    over = datetime.now(UTC) - timedelta(seconds=1)
    await keeping.tokens.keep_async("asha", Grant(told["access_token"], told["refresh_token"], over, 600))
    keeping.connect.set_faults({"kind": "latency", "seconds": 0.5, "path": "/o/token/"})
    arguments = (mongo_uri, database_name, keeping.connect.url, KEY, "asha")
    processes = [start_process("tests.support.token_process", *arguments) for _ in range(2)]

    def asked() -> set[str]:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return {process.stdout.readline().strip() for process in processes if process.stdout is not None}

    try:
        found = await asyncio.to_thread(asked)
    finally:
        for process in processes:
            end_process(process)
    assert len(found) == 1
    assert found != {"none"}
    assert keeping.connect.calls()[TOKEN] == 1


async def test_a_refused_token_is_refreshed_once_and_not_given_again(keeping: Keeping) -> None:
    grant = await keeping.logged_in()
    renewed = await keeping.tokens.token_of_async("asha", rejected=grant.access_token)
    assert renewed not in (None, grant.access_token)
    assert await keeping.tokens.token_of_async("asha", rejected=grant.access_token) == renewed
    assert keeping.connect.calls()[TOKEN] == 1


async def test_a_login_that_connect_took_back_has_no_token_any_more(keeping: Keeping) -> None:
    grant = await keeping.logged_in()
    keeping.connect.expire("asha", refresh=True)
    assert await keeping.tokens.token_of_async("asha", rejected=grant.access_token) is None
    assert await keeping.tokens.token_of_async("asha", rejected=grant.access_token) is None
    assert await keeping.tokens.token_of_async("asha") is None
    assert await keeping.tokens.usernames_async() == []
    assert not await keeping.tokens.is_usable_async("asha")


async def test_a_login_that_connect_took_back_is_not_called_usable_until_the_next_one(keeping: Keeping) -> None:
    grant = await keeping.logged_in()
    assert await keeping.tokens.is_usable_async("asha")
    keeping.connect.expire("asha", refresh=True)
    assert await keeping.tokens.token_of_async("asha", rejected=grant.access_token) is None
    for tokens in (keeping.tokens, keeping.another()):
        assert not await tokens.is_usable_async("asha")
        assert await tokens.usernames_async() == []
    again = await keeping.logged_in()
    assert await keeping.tokens.is_usable_async("asha")
    assert await keeping.tokens.token_of_async("asha") == again.access_token


async def test_a_token_that_is_still_good_outlives_a_refused_refresh_and_ends_with_its_first_refusal(
    keeping: Keeping,
) -> None:
    grant = await keeping.logged_in()
    keeping.connect.expire("asha", refresh=True)
    keeping.advance_to(seconds_before_the_end=200)
    assert await keeping.tokens.token_of_async("asha") == grant.access_token
    assert await keeping.tokens.is_usable_async("asha")
    assert await keeping.tokens.token_of_async("asha", rejected=grant.access_token) is None
    assert not await keeping.tokens.is_usable_async("asha")


async def test_what_cannot_be_refreshed_serves_until_its_end(keeping: Keeping) -> None:
    grant = await keeping.logged_in(refreshable=False)
    keeping.advance_to(seconds_before_the_end=30)
    assert await keeping.tokens.token_of_async("asha") == grant.access_token
    keeping.clock.advance(31)
    assert await keeping.tokens.token_of_async("asha") is None


async def test_while_connect_is_dead_a_token_that_is_still_good_goes_on(keeping: Keeping) -> None:
    grant = await keeping.logged_in()
    keeping.connect.set_faults({"kind": "drop_before", "path": "/o/token/"})
    keeping.advance_to(seconds_before_the_end=100)
    for _ in range(5):
        assert await keeping.tokens.token_of_async("asha") == grant.access_token
    assert keeping.connect.calls().get(TOKEN, 0) <= 1
    keeping.clock.advance(101)
    with pytest.raises(UnavailableError):
        await keeping.tokens.token_of_async("asha")
    keeping.connect.set_faults()
    assert await keeping.tokens.token_of_async("asha") is not None


async def test_those_who_can_be_refreshed_are_named_first(keeping: Keeping) -> None:
    await keeping.logged_in("asha", refreshable=False)
    for username in ("dalia", "brian"):
        await keeping.logged_in(username)
    assert await keeping.tokens.usernames_async() == ["brian", "dalia", "asha"]
    assert await keeping.tokens.refreshable_usernames_async() == ["brian", "dalia"]
    keeping.clock.advance(1_209_601)
    assert await keeping.tokens.usernames_async() == ["brian", "dalia"]


async def test_whoever_asks_and_leaves_does_not_cost_the_refresh(keeping: Keeping) -> None:
    await keeping.logged_in()
    keeping.clock.advance(1_209_601)
    keeping.connect.set_faults({"kind": "latency", "seconds": 0.4, "path": "/o/token/"})
    impatient = asyncio.create_task(keeping.tokens.token_of_async("asha"))
    await asyncio.sleep(0.2)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert await keeping.tokens.token_of_async("asha") is not None
    assert keeping.connect.calls()[TOKEN] == 1


async def test_a_logout_in_the_middle_of_a_refresh_keeps_nothing(keeping: Keeping) -> None:
    await keeping.logged_in()
    keeping.clock.advance(1_209_601)
    keeping.connect.set_faults({"kind": "latency", "seconds": 0.4, "path": "/o/token/"})
    refreshing = asyncio.create_task(keeping.tokens.token_of_async("asha"))
    await asyncio.sleep(0.2)
    await keeping.tokens.forget_async("asha")
    assert await refreshing is None
    assert await keeping.tokens.token_of_async("asha") is None


async def test_the_database_holds_no_token_in_the_clear_and_no_use_for_one_under_another_name(
    keeping: Keeping,
) -> None:
    grant = await keeping.logged_in()
    collection = keeping.driver.collection("access_grants")
    (kept,) = await collection.find({}).to_list(None)
    for secret in (grant.access_token, grant.refresh_token):
        assert str(secret) not in repr(kept)
        assert str(secret) not in repr(grant)
    await collection.insert_one({**kept, "_id": "brian"})
    assert await keeping.tokens.token_of_async("brian") is None
    assert await keeping.another(key=Fernet.generate_key().decode()).token_of_async("asha") is None
    assert len(name_of(grant.access_token)) == 64
