"""A list that is given again is what it would be if it were made anew, for whoever asks."""

from collections.abc import Iterator

import httpx
import pytest

from tests.http.access.people import Installation, installed
from tests.support.connect import ConnectSimulator, _module_connect, a_record, connect, connect_factory
from tests.support.mongo import LocalMongod

__all__ = ["_module_connect", "connect", "connect_factory"]

PATHS = ("/api/v1/records?opportunity_id=814", "/api/v1/records/kinds/task?opportunity_id=814",
         "/export/labs_record/?opportunity_id=814")  # fmt: skip


@pytest.fixture(scope="module")
def app(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, _module_connect: ConnectSimulator
) -> Iterator[Installation]:
    with installed(shared_mongod, tmp_path_factory.mktemp("again"), _module_connect, repository="cached") as found:
        yield found


def bearer(app: Installation, connect: ConnectSimulator, username: str) -> httpx.Client:
    return app.browser(headers={"Authorization": f"Bearer {connect.token(username)}"})


def titles(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return [one["data"]["title"] for one in (told if isinstance(told, list) else told["items"])]


@pytest.fixture
def asha(app: Installation, connect: ConnectSimulator) -> Iterator[httpx.Client]:
    """Somebody in whose opportunity there is one record, written through us."""
    with bearer(app, connect, "asha") as client:
        app.clock.advance(400)  # whatever the test before has left in the cache is too old
        assert client.get("/export/labs_record/?opportunity_id=814").json() == []
        item = {"experiment": "tasks", "type": "Task", "opportunity_id": 814, "data": {"title": "Call"}}
        client.post("/export/labs_record/", json=[item]).raise_for_status()
        yield client


@pytest.mark.parametrize("path", PATHS)
def test_it_is_the_same_until_something_is_written(asha: httpx.Client, path: str) -> None:
    first, again = asha.get(path), asha.get(path)
    assert titles(first) == ["Call"]
    assert (again.content, again.headers.get("etag")) == (first.content, first.headers.get("etag"))
    assert "age" in again.headers
    record = asha.get(PATHS[2]).json()[0]
    change = [{"id": record["id"], "opportunity_id": 814, "data": {"title": "Visit"}}]
    asha.post("/export/labs_record/", json=change).raise_for_status()
    assert titles(asha.get(path)) == ["Visit"]


@pytest.mark.parametrize("path", PATHS)
def test_it_is_for_nobody_who_may_not_see_it(
    app: Installation, connect: ConnectSimulator, asha: httpx.Client, path: str
) -> None:
    assert [titles(asha.get(path)) for _ in range(2)] == [["Call"]] * 2
    with bearer(app, connect, "chidi") as chidi, bearer(app, connect, "dalia") as dalia:
        assert chidi.get(path).status_code == 404
        assert titles(dalia.get(path)) == ["Call"], "she is a member too"
        assert chidi.get(path).status_code == 404
    assert app.browser().get(path).status_code == 401
    assert titles(asha.get(path)) == ["Call"]


def test_who_names_no_scope_gets_the_list_of_where_they_work(
    app: Installation, connect: ConnectSimulator, asha: httpx.Client
) -> None:
    browser = app.logged_in("asha")
    other = app.logged_in("chidi")
    at_work = browser.put("/auth/context", json={"opportunity_id": 814}, headers={"Origin": app.app.url})
    assert at_work.status_code == 200, at_work.text
    for _ in range(2):
        assert titles(browser.get("/api/v1/records")) == ["Call"]
        assert "Call" not in titles(other.get("/api/v1/records"))


def test_it_says_its_age_anew_and_is_fetched_again_when_too_old(
    app: Installation, connect: ConnectSimulator, asha: httpx.Client
) -> None:
    path = PATHS[0]
    asha.get(path)
    age = int(asha.get(path).headers["age"])
    app.clock.advance(50)
    assert int(asha.get(path).headers["age"]) >= age + 49
    [record] = connect.records()
    connect.set_records([record, a_record(9001, data={"title": "From elsewhere"})])
    assert titles(asha.get(path)) == ["Call"]
    app.clock.advance(400)
    assert titles(asha.get(path)) == ["Call", "From elsewhere"]


def test_what_stands_against_it_is_said_as_it_was_the_first_time(
    app: Installation, connect: ConnectSimulator, asha: httpx.Client
) -> None:
    path = PATHS[2]
    assert [titles(asha.get(path)) for _ in range(2)] == [["Call"]] * 2
    refused = asha.get(path, headers={"Accept": "application/json; version=9.0"})
    assert (refused.status_code, [*refused.json()]) == (406, ["detail"])
    with app.browser(headers={"Authorization": "Bearer made-up"}) as stranger:
        unknown = stranger.get(path)
    assert (unknown.status_code, [*unknown.json()]) == (401, ["detail"])
    assert "www-authenticate" in unknown.headers
    assert asha.request("PUT", path).status_code == 405
