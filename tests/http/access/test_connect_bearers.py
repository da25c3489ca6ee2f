"""Connect's own bearer tokens at our API."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from application.contracts.memberships import UpstreamTokens
from application.kernel.request_context import RequestContext, acting_as
from application.kernel.sign_in import SignedIn
from tests.http.access.people import Installation, installed
from tests.support.connect import ConnectSimulator
from tests.support.mongo import LocalMongod
from tests.support.served import assert_problem

INTROSPECT = "POST /o/introspect/"
ME, CONTEXT = "/auth/me", "/auth/context"


def asked(here: Installation, token: str, method: str = "GET", path: str = ME) -> Any:
    body = {} if method == "GET" else {"json": {}}
    return here.browser().request(method, path, headers={"Authorization": f"Bearer {token}"}, **body)


def test_a_bearer_of_connect_is_a_user_here_and_is_asked_about_once_a_minute(here: Installation) -> None:
    with here.clock.standing():
        token = here.connect.token("asha")
        me = asked(here, token).json()
        assert (me["username"], me["role"], me["session"]) == ("asha", "user", False)
        for _ in range(5):
            assert asked(here, token).status_code == 200
        assert here.connect.calls()[INTROSPECT] == 1
        here.clock.advance(59)
        asked(here, token)
        assert here.connect.calls()[INTROSPECT] == 1
        here.clock.advance(1)
        asked(here, token)
        assert here.connect.calls()[INTROSPECT] == 2
        assert_problem(asked(here, token, path="/api/v1/webhooks"), 403, "forbidden")


def test_many_requests_at_once_ask_once(here: Installation) -> None:
    token = here.connect.token("asha")
    here.connect.set_faults({"kind": "latency", "seconds": 0.5, "path": "/o/introspect/"})
    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(lambda _: asked(here, token).status_code, range(12)))
    assert statuses == [200] * 12
    assert here.connect.calls()[INTROSPECT] == 1


@pytest.mark.parametrize("token", ["unknown-to-connect", "x", "eyJhbGciOi", "a.b", "$ne"])
def test_a_token_that_connect_does_not_know_is_401(here: Installation, token: str) -> None:
    answer = asked(here, token)
    assert_problem(answer, 401, "invalid-token")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_token_without_the_scope_is_403_and_one_of_nobody_401(here: Installation) -> None:
    assert_problem(asked(here, here.connect.token("asha", "openid read")), 403, "forbidden")
    form = {"grant_type": "client_credentials", "scope": "export"}
    form |= {"client_id": here.connect.client_id, "client_secret": here.connect.client_secret}
    nobodys = here.connect.client.post("/o/token/", data=form).json()["access_token"]
    assert_problem(asked(here, nobodys), 401, "invalid-token")


def test_a_token_that_connect_takes_back_ends_within_a_minute(here: Installation) -> None:
    token = here.connect.token("asha")
    assert asked(here, token).status_code == 200
    here.connect.expire("asha")
    here.clock.advance(60)
    assert_problem(asked(here, token), 401, "invalid-token")


def test_while_connect_is_dead_a_token_seen_good_goes_on_for_reading_an_hour_at_most(here: Installation) -> None:
    with here.clock.standing():
        token, unseen = here.connect.token("asha"), here.connect.token("brian")
        assert asked(here, token).status_code == 200
        here.connect.set_faults({"kind": "drop_before", "path": "/o/introspect/"})
        here.clock.advance(61)
        assert asked(here, token).status_code == 200
        calls = here.connect.calls()[INTROSPECT]
        assert asked(here, token).status_code == 200
        assert here.connect.calls()[INTROSPECT] == calls, "a dead Connect is not asked at every request"
        assert_problem(asked(here, token, "PUT", CONTEXT), 503, "unavailable")
        assert_problem(asked(here, unseen), 503, "unavailable")
        here.clock.advance(3600 - 62)
        assert asked(here, token).status_code == 200
        here.clock.advance(2)
        assert_problem(asked(here, token), 503, "unavailable")
        here.connect.set_faults()
        assert asked(here, token).status_code == 200


def test_a_dead_connect_prolongs_no_tokens_known_life(shared_mongod: LocalMongod, tmp_path: Path) -> None:
    with ConnectSimulator(token_seconds=600) as connect, installed(shared_mongod, tmp_path, connect) as here:
        token = connect.token("asha")
        assert asked(here, token).status_code == 200
        connect.set_faults({"kind": "drop_before", "path": "/o/introspect/"})
        here.clock.advance(500)
        assert asked(here, token).status_code == 200
        here.clock.advance(100)
        assert_problem(asked(here, token), 401, "invalid-token")


def test_the_token_of_a_request_goes_upstream_with_it_and_is_kept_nowhere(here: Installation) -> None:
    token = here.connect.token("asha")
    tokens = here.app.service(UpstreamTokens)

    async def upstream(actor: str, rejected: str | None = None) -> str | None:
        context = RequestContext("asha", signed_in=SignedIn("asha", 0.0, upstream_token=token))
        with acting_as(context):
            assert token not in repr(context)
            found: str | None = await tokens.token_of_async(actor, rejected=rejected)
            return found

    assert here.app.run(upstream("asha")) == token
    assert here.app.run(upstream("brian")) is None
    assert here.app.run(upstream("asha", token)) is None
    assert asked(here, token).status_code == 200
    assert here.app.run(tokens.token_of_async("asha")) is None
    assert here.stored("access_grants") == []
