"""What Connect's authorization server leaves out, or says otherwise than expected."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from application.access.connect_logins import PendingLogin
from domain.kernel.errors import UnavailableError
from integration.access.connect_oauth import HttpConnectLogins
from integration.http.address_policy import AddressPolicy
from tests.support.tallies import NOON, HandClock
from tests.support.wire_server import answering, http

LOGIN = PendingLogin("verifier", "nonce", "http://127.0.0.1/auth/callback", "/")
TWO_WEEKS = timedelta(seconds=1_209_600)


@asynccontextmanager
async def connect_that_says(*told: Any) -> AsyncIterator[HttpConnectLogins]:
    answers = [http(json.dumps(one).encode(), "200 OK", "content-type: application/json") for one in told]
    async with answering(*answers) as server:
        logins = HttpConnectLogins(server.url, "labkeeper", "secret", AddressPolicy(), HandClock())
        try:
            yield logins
        finally:
            await logins.close_async()


@pytest.mark.parametrize("said", [{}, {"expires_in": None}, {"expires_in": "soon"}, {"expires_in": -1}])
async def test_a_token_that_does_not_say_how_long_it_lives_lives_two_weeks(said: dict[str, Any]) -> None:
    async with connect_that_says({"access_token": "a", "refresh_token": "r", "token_type": "Bearer", **said}) as logins:
        grant = await logins.exchange_async("code", LOGIN)
    assert grant.expires_at == NOON + TWO_WEEKS
    assert grant.lifetime_seconds == TWO_WEEKS.total_seconds()


async def test_a_refresh_without_a_new_refresh_token_keeps_the_old_one() -> None:
    async with connect_that_says({"access_token": "b", "expires_in": 60}) as logins:
        grant = await logins.refresh_async("old")
    assert (grant.access_token, grant.refresh_token) == ("b", "old")
    assert grant.expires_at == NOON + timedelta(seconds=60)


async def test_of_an_introspection_only_what_is_certain_is_needed() -> None:
    certain = {"active": True, "username": "asha", "scope": "export openid", "exp": NOON.timestamp() + 60}
    async with connect_that_says(certain, {"active": True, "username": "asha"}) as logins:
        known = await logins.introspect_async("token")
        bare = await logins.introspect_async("token")
    assert known is not None
    assert bare is not None
    assert (known.username, known.scopes) == ("asha", frozenset({"export", "openid"}))
    assert known.expires_at == NOON + timedelta(seconds=60)
    assert (bare.scopes, bare.expires_at) == (frozenset(), NOON + TWO_WEEKS)


@pytest.mark.parametrize(
    "said",
    [{"active": False}, {"active": "true", "username": "asha"}, {"active": True}, {"active": True, "username": ""}],
)
async def test_a_token_of_nobody_is_not_accepted(said: dict[str, Any]) -> None:
    async with connect_that_says(said) as logins:
        assert await logins.introspect_async("token") is None


@pytest.mark.parametrize("said", [{}, {"access_token": ""}, {"access_token": "a", "token_type": "mac"}, []])
async def test_a_login_without_a_token_is_an_outage(said: Any) -> None:
    async with connect_that_says(said) as logins:
        with pytest.raises(UnavailableError):
            await logins.exchange_async("code", LOGIN)
