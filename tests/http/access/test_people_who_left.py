"""Tokens of our own users: good while the user is active, on every route; those of others are not asked about."""

import uuid
from typing import Any

import httpx
import pytest

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from tests.support.listening import listening_with
from tests.support.mongo import LocalMongod
from tests.support.served import API, Served, assert_problem, eventually, served

ROUTES = ("/auth/me", f"{API}/labs", f"{API}/records?public=true", "/export/opp_org_program_list/")


@pytest.fixture
def admin(app: Served) -> httpx.Client:
    return app.client(Role.ADMIN)


def token_of(app: Served, username: str, role: Role = Role.USER) -> str:
    return mint_token(app.running.secrets.jwt_secret, role, username, 3600)


def joined(app: Served, admin: httpx.Client, **details: Any) -> tuple[str, httpx.Client]:
    name = f"badru-{uuid.uuid4().hex[:8]}"
    person = app.client_with(token_of(app, name))
    assert person.get("/auth/me").status_code == 200, "a token may be there before its user"
    assert admin.post(f"{API}/users", json={"username": name, **details}).status_code == 201
    return name, person


def statuses(person: httpx.Client) -> set[int]:
    return {person.get(route).status_code for route in ROUTES}


def test_a_user_who_is_not_active_is_refused_at_once_and_let_in_again(app: Served, admin: httpx.Client) -> None:
    name, badru = joined(app, admin)
    assert statuses(badru) == {200}
    assert admin.patch(f"{API}/users/{name}", json={"active": False}).status_code == 200
    assert statuses(badru) == {401}
    problem = assert_problem(badru.get(f"{API}/labs"), 401, "invalid-token")
    assert problem["detail"] == f"the token belongs to the user {name}, who is not active"
    assert 'error="invalid_token"' in badru.get(f"{API}/labs").headers["www-authenticate"]
    as_admin = app.client_with(token_of(app, name, Role.ADMIN))
    assert_problem(as_admin.patch(f"{API}/users/{name}", json={"active": True}), 401, "invalid-token")
    assert admin.patch(f"{API}/users/{name}", json={"active": True}).status_code == 200
    assert statuses(badru) == {200}


def test_a_removed_user_is_refused_at_once(app: Served, admin: httpx.Client) -> None:
    name, badru = joined(app, admin)
    assert admin.delete(f"{API}/users/{name}").status_code == 204
    problem = assert_problem(badru.get("/auth/me"), 401, "invalid-token")
    assert problem["detail"] == f"the token belongs to the user {name}, who was removed"
    assert statuses(badru) == {401}
    assert statuses(admin) == {200}, "whoever never was a user here is not asked about"


@pytest.mark.parametrize("how", ["inactive", "removed"])
def test_open_event_streams_end_with_the_user(app: Served, admin: httpx.Client, how: str) -> None:
    name, _ = joined(app, admin)
    with (
        listening_with(app.client_with(token_of(app, name))) as theirs,
        listening_with(app.client(Role.ADMIN)) as others,
    ):
        if how == "inactive":
            admin.patch(f"{API}/users/{name}", json={"active": False})
        else:
            admin.delete(f"{API}/users/{name}")
        eventually(theirs.ended.is_set, "the stream ended")
        assert theirs.error is None
        assert not others.ended.is_set()


def test_what_another_process_is_told_counts_here(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, database = tmp_path_factory.mktemp("two"), f"test_{uuid.uuid4().hex}"
    with served(shared_mongod, folder, database=database) as one, served(shared_mongod, folder) as unrelated:
        with served(shared_mongod, folder, database=database) as two:
            admin = two.client(Role.ADMIN)
            name, _ = joined(two, admin)
            here = one.client_with(token_of(one, name))
            eventually(lambda: here.get("/auth/me").json()["name"] == "", "it answers")
            with listening_with(one.client_with(token_of(one, name))) as stream:
                assert admin.patch(f"{API}/users/{name}", json={"active": False}).status_code == 200
                eventually(stream.ended.is_set, "the stream ended")
            eventually(lambda: statuses(here) == {401}, "the token is refused")
        assert statuses(unrelated.client_with(token_of(unrelated, name))) == {200}
    with shared_mongod.client() as client:
        client.drop_database(database)


def test_people_are_called_what_their_user_is_called(app: Served, admin: httpx.Client) -> None:
    _, asha = joined(app, admin, name="Asha", email="asha@example.org")
    me = asha.get("/auth/me").json()
    assert (me["name"], me["email"]) == ("Asha", "asha@example.org")
    assert admin.get("/auth/me").json()["name"] == ""
