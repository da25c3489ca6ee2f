"""Where records live is a setting: the same routes on the system of record, and on a cache over it."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx
import pytest

from api.kernel.authorization import Role
from application.contracts.memberships import MembershipDirectory
from application.kernel.jobs import JobAlreadyRunningError, Jobs
from integration.access.wiring import ConnectMissingError
from settings import ConnectSettings
from tests.http.access.people import Installation, installed
from tests.support.connect import ConnectSimulator, _module_connect, connect, connect_factory
from tests.support.mongo import LocalMongod

__all__ = ["_module_connect", "connect", "connect_factory"]

RECORD = {"experiment": "tasks", "type": "Task", "opportunity_id": 814, "data": {"title": "Call"}}
LIST = "/api/v1/records?opportunity_id=814"
OPPORTUNITY = "/export/opportunity/814/"
MINE = "/export/opp_org_program_list/"


@pytest.fixture(scope="module", params=["remote", "cached"])
def mode(
    request: pytest.FixtureRequest,
    shared_mongod: LocalMongod,
    tmp_path_factory: pytest.TempPathFactory,
    _module_connect: ConnectSimulator,
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp(request.param)
    with installed(shared_mongod, folder, _module_connect, repository=request.param) as found:
        found.mode = request.param  # type: ignore[attr-defined]
        yield found


def test_the_same_routes_work_in_every_mode(mode: Installation, connect: ConnectSimulator) -> None:
    asha, chidi = mode.logged_in("asha"), mode.logged_in("chidi")
    made = write(asha, "POST", "/api/v1/records", json=RECORD)
    assert made.status_code == 201, made.text
    path = made.headers["location"]
    listed = asha.get(LIST)
    assert [one["id"] for one in listed.json()["items"]] == [made.json()["id"]]
    assert int(listed.headers["age"]) < 60
    changed = write(asha, "PATCH", path, json={"data": {"title": "Visit"}})
    assert changed.json()["data"] == {"title": "Visit"}
    again = asha.get(path)
    assert again.json()["data"] == {"title": "Visit"}
    assert int(again.headers["age"]) < 60
    assert "warning" not in again.headers
    assert [one["data"] for one in connect.records()] == [{"title": "Visit"}]
    history = asha.get(f"{path}/history")
    if mode.mode == "cached":  # type: ignore[attr-defined]
        assert [(one["by"], one["origin"]) for one in history.json()["items"]] == [("asha", "here")] * 2
    else:
        assert (history.status_code, history.json()["type"].rpartition("/")[2]) == (409, "history-not-kept")
    for route in (path, f"{path}/history", LIST, "/export/labs_record/?opportunity_id=814"):
        answer = chidi.get(route)
        assert answer.status_code == 404, route
    assert asha.get("/export/labs_record/?opportunity_id=814").json() == connect.records()
    assert asha.get(OPPORTUNITY).json() == connect.export("GET", "opportunity/814/", "asha").json()
    assert chidi.get(OPPORTUNITY).status_code == 404
    for person, browser in (("asha", asha), ("chidi", chidi)):
        seen = browser.get(MINE).json()
        assert seen == connect.export("GET", "opp_org_program_list/", person).json()
    assert [(one["funder"], one["watchers"]) for one in seen["programs"]] == [("good-fund", ["dimagi"])]
    assert [one["supervising_organization"] for one in seen["opportunities"]] == ["dimagi", None]
    assert write(asha, "DELETE", path).status_code == 204
    assert connect.records() == []
    assert asha.get(LIST).json()["items"] == []
    assert asha.get(path).status_code == 404
    if mode.mode == "cached":  # type: ignore[attr-defined]
        assert [one["version"] for one in asha.get(f"{path}/history").json()["items"]] == [3, 2, 1]
        for query, kinds in (("from=1&to=2", {"changed"}), ("from=2", {"removed"})):
            compared = asha.get(f"{path}/diff?{query}").json()["differences"]
            assert {one["kind"] for one in compared} == kinds, query
    for what in ("/history", "/diff?from=1"):
        assert chidi.get(f"{path}{what}").status_code == 404


def test_whoever_may_ask_for_no_record_hears_of_none(mode: Installation, connect: ConnectSimulator) -> None:
    asha = mode.logged_in("asha")
    write(asha, "POST", "/api/v1/records", json=RECORD)
    stream = "/api/v1/events/stream?from=start&until=now&type=records.*"
    with mode.app.client(Role.ADMIN) as admin:
        assert admin.get(LIST).status_code == 401
        told = admin.get(stream)
    assert (told.status_code, told.text.count("data: ")) == (200, 0)
    assert (asha.get(stream).text.count("data: ") > 0) == (mode.mode == "cached")  # type: ignore[attr-defined]


def test_the_job_keeps_warm_what_is_read(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, connect: ConnectSimulator
) -> None:
    with installed(shared_mongod, tmp_path_factory.mktemp("job"), connect, repository="cached") as found:
        asha = found.logged_in("asha")
        write(asha, "POST", "/api/v1/records", json=RECORD)
        assert len(asha.get(LIST).json()["items"]) == 1
        connect.set_records([{**connect.records()[0], "data": {"title": "Changed"}}])
        jobs = found.app.service(Jobs)
        run = None
        while run is None:
            with suppress(JobAlreadyRunningError):  # the run at the start of the application
                run = found.app.run(jobs.trigger_async("records-refresh", "tester"))
        admin = found.app.client()
        while (told := admin.get(f"/api/v1/jobs/records-refresh/runs/{run.run_id}").json())["outcome"] == "running":
            pass
        assert told["outcome"] == "succeeded", told
        assert told["counts"]["records_changed"] == 1
        assert asha.get(LIST).json()["items"][0]["data"] == {"title": "Changed"}


def test_a_dead_remote_leaves_the_cache(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, connect_factory: Any
) -> None:
    connect = connect_factory()
    with installed(shared_mongod, tmp_path_factory.mktemp("dead"), connect, repository="cached") as found:
        asha = found.logged_in("asha")
        one = write(asha, "POST", "/api/v1/records", json=RECORD).headers["location"]
        number = one.rpartition("/")[2]
        chidi = found.logged_in("chidi")
        assert len(asha.get(LIST).json()["items"]) == 1
        described = asha.get(OPPORTUNITY).json()
        for path in (OPPORTUNITY, MINE, f"{one}/history", f"{one}/diff?from=1"):
            fresh = asha.get(path).headers
            assert int(fresh["age"]) < 60
            assert "warning" not in fresh, path
        assert described["deliver_app"]["cc_domain"] == "connect-lwala"
        assert chidi.get(OPPORTUNITY).status_code == 404
        connect.stop()
        assert asha.get(LIST).status_code == 200
        found.clock.advance(301)
        stale = asha.get(LIST)
        assert len(stale.json()["items"]) == 1, stale.text
        assert stale.headers["warning"].startswith("110")
        assert int(stale.headers["age"]) >= 301
        assert "labkeeper-stale-since" in stale.headers
        for path in (one, f"/api/v1/tasks/{number}", f"/api/v1/tasks/{number}/events"):
            told = asha.get(path)
            assert told.status_code == 200, told.text
            assert told.headers["warning"].startswith("110"), path
            assert int(told.headers["age"]) >= 301
            assert told.headers["labkeeper-stale-since"] == stale.headers["labkeeper-stale-since"]
        listed = asha.get("/export/labs_record/?opportunity_id=814")
        assert ([one["id"] for one in listed.json()], listed.headers["warning"][:3]) == ([int(number)], "110")
        described_then = asha.get(OPPORTUNITY)
        assert described_then.json() == described
        found.app.service(MembershipDirectory).forget("asha")
        for told in (described_then, asha.get(MINE), asha.get(f"{one}/history"), asha.get(f"{one}/diff?from=1")):
            assert (told.status_code, told.headers.get("warning", "")[:3]) == (200, "110"), told.url
            assert int(told.headers["age"]) >= 301
            assert "labkeeper-stale-since" in told.headers
        assert chidi.get(OPPORTUNITY).status_code == 404
        assert 814 in [one["id"] for one in asha.get("/export/opp_org_program_list/").json()["opportunities"]]
        unchanged = asha.get(one, headers={"If-None-Match": asha.get(one).headers["etag"]})
        assert (unchanged.status_code, unchanged.headers["warning"][:3]) == (304, "110")
        assert write(asha, "POST", "/api/v1/records", json=RECORD).status_code == 503


def test_who_is_taken_out_at_connect_is_out_here_once_connect_says_so(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, connect: ConnectSimulator
) -> None:
    with installed(shared_mongod, tmp_path_factory.mktemp("out"), connect, repository="cached") as found:
        asha = found.logged_in("asha")
        path = write(asha, "POST", "/api/v1/records", json=RECORD).headers["location"]
        me = "/auth/me?opportunity_id=814"
        assert [asha.get(one).status_code for one in (LIST, path, me)] == [200, 200, 200]
        connect.set_organizations("asha", "reach")
        found.clock.advance(301)
        assert asha.get(LIST).status_code == 404
        for one in (path, f"{path}/history", me, "/export/labs_record/?opportunity_id=814", OPPORTUNITY):
            assert asha.get(one).status_code == 404, one
        assert write(asha, "PATCH", path, json={"data": 1}).status_code == 404
        item = {"id": int(path.rpartition("/")[2]), "data": 1}
        for body in (item, {**item, "opportunity_id": 814}):
            assert write(asha, "POST", "/export/labs_record/", json=body).status_code == 404
        assert write(asha, "DELETE", path).status_code == 404
        assert len(connect.records()) == 1


def test_a_change_notices_first_that_somebody_was_taken_out(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, connect: ConnectSimulator
) -> None:
    with installed(shared_mongod, tmp_path_factory.mktemp("out-first"), connect, repository="cached") as found:
        asha = found.logged_in("asha")
        made = write(asha, "POST", "/api/v1/records", json=RECORD)
        path, tag = made.headers["location"], made.headers["etag"]
        connect.set_organizations("asha", "reach")
        for headers in ({"If-Match": tag}, {}):
            answer = write(asha, "PATCH", path, json={"data": 1}, headers=headers)
            assert answer.status_code == 404, answer.text
        assert asha.get(path).status_code == 404


def test_a_change_made_at_connect_is_not_written_over_unseen(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, connect: ConnectSimulator
) -> None:
    with installed(shared_mongod, tmp_path_factory.mktemp("unseen"), connect, repository="cached") as found:
        asha = found.logged_in("asha")
        path = write(asha, "POST", "/api/v1/records", json=RECORD).headers["location"]
        number = int(path.rpartition("/")[2])
        item = {"id": number, "opportunity_id": 814, "data": {"title": "mine"}}
        ways: list[tuple[str, str, Any, dict[str, str]]] = [
            (method, route, body, headers)
            for method, route, body in (
                ("PATCH", path, {"data": {"title": "mine"}}),
                ("POST", "/export/labs_record/", [item]),
                ("POST", "/export/labs_record/", [{**RECORD, "data": {}}, item]),
            )
            for headers in ({}, {"Prefer": "respond-async"})
        ]
        for turn, (method, route, body, headers) in enumerate(ways):
            assert asha.get(path).status_code == 200
            theirs = {"title": f"theirs {turn}"}
            connect.set_records([{**connect.records()[0], "data": theirs}])
            refused = write(asha, method, route, json=body, headers=headers)
            assert refused.status_code == 409, (method, route, headers, refused.text)
            assert f"record {number}" in refused.json()["detail"]
            assert route == path or list(refused.json()) == ["detail"]
            assert [one["data"] for one in connect.records()] == [theirs]
            assert asha.get(path).json()["data"] == theirs
        done = write(asha, "PATCH", path, json={"data": {"title": "mine"}})
        assert (done.status_code, done.json()["data"]) == (200, {"title": "mine"})


@pytest.mark.parametrize("missing", ["url", "client_id"])
@pytest.mark.parametrize("repository", ["remote", "cached"])
def test_without_a_connect_the_application_does_not_start(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, missing: str, repository: str
) -> None:
    class Nowhere:
        url, client_id, client_secret = "http://127.0.0.1:1", "labkeeper", "secret"

    connect = Nowhere()
    setattr(connect, missing, "")
    assert ConnectSettings().url == ""
    with (
        pytest.raises(ConnectMissingError, match=f"LABKEEPER_CONNECT_{missing.upper()}"),
        installed(shared_mongod, tmp_path_factory.mktemp("none"), connect, repository=repository),
    ):
        pass


def write(browser: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    """Send what a page of our own would send."""
    headers = {"Origin": str(browser.base_url).rstrip("/"), **options.pop("headers", {})}
    return browser.request(method, path, headers=headers, **options)
