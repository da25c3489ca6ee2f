"""The simulated Connect logs people in as the real one does."""

from typing import Any

import httpx
import jwt
import pytest

from tests.support.connect import (
    CALLBACK,
    ConnectSimulator,
    an_authorize_query,
    log_in_without_browser,
    query_of,
)


def _authorize_url(connect: ConnectSimulator, query: dict[str, str]) -> str:
    return f"{connect.url}/o/authorize/?{httpx.QueryParams(query)}"


def _a_code(connect: ConnectSimulator, **changes: str | None) -> tuple[str, str]:
    verifier, query = an_authorize_query(**changes)
    return query_of(log_in_without_browser(_authorize_url(connect, query), "asha"))["code"], verifier


def _exchange(connect: ConnectSimulator, code: str, verifier: str, /, **changes: Any) -> httpx.Response:
    said = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "client_id": connect.client_id,
        "client_secret": connect.client_secret,
        "code_verifier": verifier,
    }
    return connect.client.post("/o/token/", data=said | changes)


def _introspect(connect: ConnectSimulator, token: str) -> dict[str, Any]:
    answer = connect.client.post(
        "/o/introspect/", data={"token": token}, auth=(connect.client_id, connect.client_secret)
    )
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


def test_a_login_ends_with_a_code_and_the_state(connect: ConnectSimulator) -> None:
    _, query = an_authorize_query()
    sent_to = log_in_without_browser(_authorize_url(connect, query), "asha")
    assert sent_to.startswith(CALLBACK)
    assert query_of(sent_to)["state"] == "a-state"
    assert query_of(sent_to)["code"]


def test_a_code_is_exchanged_for_tokens_of_the_person(connect: ConnectSimulator) -> None:
    told = _exchange(connect, *_a_code(connect)).json()
    assert told["token_type"] == "Bearer"
    assert told["expires_in"] == 1_209_600
    assert set(told["scope"].split()) == {"export", "openid"}
    introspected = _introspect(connect, told["access_token"])
    assert introspected["active"] is True
    assert introspected["username"] == "asha"


def test_an_id_token_repeats_the_nonce_and_is_signed(connect: ConnectSimulator) -> None:
    told = _exchange(connect, *_a_code(connect, nonce="n-1")).json()
    keys = jwt.PyJWKSet.from_dict(connect.client.get("/o/.well-known/jwks.json").json())
    claims = jwt.decode(told["id_token"], keys.keys[0], algorithms=["RS256"], audience=connect.client_id)
    assert claims["nonce"] == "n-1"
    assert claims["username"] == "asha"
    assert claims["iss"] == f"{connect.url}/o"


def test_without_openid_there_is_no_id_token(connect: ConnectSimulator) -> None:
    told = _exchange(connect, *_a_code(connect, scope="export")).json()
    assert "id_token" not in told
    bearer = {"authorization": f"Bearer {told['access_token']}"}
    assert connect.client.get("/o/userinfo/", headers=bearer).status_code == 403


def test_a_replayed_code_revokes_what_it_was_exchanged_for(connect: ConnectSimulator) -> None:
    code, verifier = _a_code(connect)
    told = _exchange(connect, code, verifier).json()
    again = _exchange(connect, code, verifier)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert _introspect(connect, told["access_token"]) == {"active": False}
    refreshed = connect.client.post(
        "/o/token/",
        data={"grant_type": "refresh_token", "refresh_token": told["refresh_token"]},
        auth=(connect.client_id, connect.client_secret),
    )
    assert refreshed.status_code == 400


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"code_verifier": "another"}, 400),
        ({"redirect_uri": "http://127.0.0.1:2/else"}, 400),
        ({"code": "invented"}, 400),
        ({"client_secret": "wrong"}, 401),
        ({"grant_type": "magic"}, 400),
    ],
)
def test_an_exchange_that_does_not_fit_is_refused(
    connect: ConnectSimulator, changes: dict[str, str], status: int
) -> None:
    assert _exchange(connect, *_a_code(connect), **changes).status_code == status


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
    ],
)
def test_a_wrong_question_is_sent_back_to_the_client(
    connect: ConnectSimulator, changes: dict[str, str | None], error: str
) -> None:
    _, query = an_authorize_query(**changes)
    answer = connect.client.get("/o/authorize/", params=query)
    assert answer.status_code == 302
    told = query_of(answer.headers["location"])
    assert (told["error"], told["state"]) == (error, "a-state")


@pytest.mark.parametrize("changes", [{"client_id": "another"}, {"redirect_uri": "https://evil.example/callback"}])
def test_nobody_is_sent_to_a_url_that_is_not_registered(connect: ConnectSimulator, changes: dict[str, str]) -> None:
    _, query = an_authorize_query(**changes)
    answer = connect.client.get("/o/authorize/", params=query)
    assert answer.status_code == 400
    assert "location" not in answer.headers


def test_a_wrong_password_shows_the_form_again_and_cancelling_sends_back(connect: ConnectSimulator) -> None:
    _, query = an_authorize_query()
    wrong = connect.client.post("/o/authorize/", params=query, data={"username": "asha", "password": "no"})
    assert wrong.status_code == 200
    assert "not correct" in wrong.text
    cancelled = connect.client.post("/o/authorize/", params=query, data={"deny": "1"})
    assert query_of(cancelled.headers["location"])["error"] == "access_denied"


def test_a_refresh_gives_a_new_pair_and_ends_the_old_one(connect: ConnectSimulator) -> None:
    before = connect.tokens("brian")
    said = {"grant_type": "refresh_token", "refresh_token": before["refresh_token"]}
    client = (connect.client_id, connect.client_secret)
    after = connect.client.post("/o/token/", data=said, auth=client).json()
    assert _introspect(connect, after["access_token"])["username"] == "brian"
    assert _introspect(connect, before["access_token"]) == {"active": False}
    assert connect.client.post("/o/token/", data=said, auth=client).json() == {"error": "invalid_grant"}


def test_a_client_of_its_own_has_no_user(connect: ConnectSimulator) -> None:
    client = (connect.client_id, connect.client_secret)
    told = connect.client.post("/o/token/", data={"grant_type": "client_credentials", "scope": "export"}, auth=client)
    assert "username" not in _introspect(connect, told.json()["access_token"])
    assert "refresh_token" not in told.json()


def test_a_password_is_exchanged_for_a_token(connect: ConnectSimulator) -> None:
    said = {"grant_type": "password", "username": "chidi", "password": "password", "scope": "export openid"}
    client = (connect.client_id, connect.client_secret)
    told = connect.client.post("/o/token/", data=said, auth=client).json()
    bearer = {"authorization": f"Bearer {told['access_token']}"}
    about = connect.client.get("/o/userinfo/", headers=bearer).json()
    assert about == {"sub": "33", "name": "Chidi Okafor", "email": "chidi@reach.example", "username": "chidi"}
    wrong = connect.client.post("/o/token/", data=said | {"password": "no"}, auth=client)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_grant")


def test_introspection_needs_the_client(connect: ConnectSimulator) -> None:
    token = connect.token("asha")
    assert connect.client.post("/o/introspect/", data={"token": token}).status_code == 403
    assert _introspect(connect, "invented") == {"active": False}


def test_an_expired_or_revoked_token_is_not_active(connect: ConnectSimulator) -> None:
    token, other = connect.token("asha"), connect.tokens("brian")
    connect.expire("asha")
    assert _introspect(connect, token) == {"active": False}
    assert _introspect(connect, other["access_token"])["active"] is True
    client = (connect.client_id, connect.client_secret)
    assert connect.client.post("/o/revoke_token/", data={"token": other["refresh_token"]}, auth=client).is_success
    assert _introspect(connect, other["access_token"]) == {"active": False}
