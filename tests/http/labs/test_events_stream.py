"""``GET /events/stream``: where it starts, what it filters, how it goes on after a break, how it ends."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.kernel.authorization import Role
from domain.kernel.type_patterns import RULE
from tests.support.cml import CmlSimulator, a_lab
from tests.support.listening import PATH, Listener, listening_with
from tests.support.mongo import LocalMongod
from tests.support.served import (
    API,
    PATIENCE_SECONDS,
    Keeper,
    MovableClock,
    Served,
    assert_problem,
    eventually,
    served,
)


@contextmanager
def listening(
    app: Served, params: Any = None, last_event_id: str | None = None, role: Role = Role.USER
) -> Iterator[Listener]:
    with listening_with(app.client(role), params, last_event_id) as listener:
        yield listener


def test_without_an_id_it_starts_now(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    with listening(keeper.app) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        cml.set_labs([a_lab(1, lab_title="new title"), a_lab(2), a_lab(3)])
        worker.refreshed()
        (event,) = stream.until(1)
    assert event["event"] == "labs.lab-record-updated.v1"
    fact = event["data"]
    assert (fact["specversion"], fact["type"], fact["subject"]) == ("1.0", event["event"], worker.record_id(1))
    assert fact["data"]["changed_fields"] == {"title": {"old": "BGP basics 1", "new": "new title"}}
    assert fact["workerid"] == worker.id
    assert fact["actor"] == "tester"


def test_from_start_replays_everything_once_and_in_order(keeper: Keeper) -> None:
    keeper.register()
    head = keeper.app.log_head()
    with listening(keeper.app, {"from": "start"}) as stream:
        eventually(lambda: stream.events and stream.events[-1]["data"]["position"] >= head, "it caught up")
        ids = [event["data"]["id"] for event in stream.events]
        positions = [event["data"]["position"] for event in stream.events]
    assert len(ids) == len(set(ids))
    assert positions == sorted(positions)
    assert set(positions) == set(range(1, head + 1))


def test_until_now_ends_once_everything_was_told(keeper: Keeper) -> None:
    first, second = keeper.register(name="one"), keeper.register(name="two")
    with listening(keeper.app, {"from": "start", "until": "now", "worker": first.id}) as stream:
        assert stream.ended.wait(PATIENCE_SECONDS)
        assert {event["data"]["workerid"] for event in stream.events} == {first.id}
        assert len([name for name in stream.types if name == "labs.lab-record-created.v1"]) == 3
    with listening(keeper.app, {"from": "start", "until": "now", "worker": second.id, "type": "records.*"}) as stream:
        assert stream.ended.wait(PATIENCE_SECONDS)
        assert not stream.events
    assert_problem(keeper.http.get(f"{PATH}?until=tomorrow"), 422)


def test_filters_by_type_and_worker(keeper: Keeper) -> None:
    first, second = keeper.register(name="one"), keeper.register(name="two")
    params: Any = [("from", "start"), ("worker", second.id), ("type", "labs.lab-record-created")]
    with listening(keeper.app, params) as stream:
        events = stream.until(3)
        time.sleep(0.2)
        assert {event["data"]["workerid"] for event in events} == {second.id}
        assert stream.types == ["labs.lab-record-created.v1"] * 3
    with listening(keeper.app, [("from", "start"), ("worker", first.id), ("type", "labs.*")]) as stream:
        assert {event["event"] for event in stream.until(5)} == {
            *("labs.cml-worker-registered.v1", "labs.cml-worker-reachability-changed.v1"),
            "labs.lab-record-created.v1",
        }
    for bad in ("type=labs[$ne]", "worker=x", "from=yesterday", "since=1"):
        assert_problem(keeper.http.get(f"{PATH}?{bad}"), 422)


@pytest.mark.parametrize("bad", ["labs.lab-*", "labs", "bogus", "*.labs", "labs.*.v1", "", "x" * 200])
def test_what_is_no_pattern_of_types_is_refused_in_words(keeper: Keeper, bad: str) -> None:
    refused = assert_problem(keeper.http.get(PATH, params={"type": ["labs.*", bad]}), 422)
    (error,) = refused["errors"]
    assert (error["field"], error["rule"]) == ("type", RULE)
    hook = keeper.http.post(f"{API}/webhooks", json={"url": "http://127.0.0.1:9/", "event_types": ["labs.*", bad]})
    assert assert_problem(hook, 422)["errors"][0]["field"].startswith("event_types")


@pytest.mark.parametrize("unknown", ["labs.nope.v1", "labs.lab-state-changed.v9", "bogus.*", "webhooks.*", "a.b"])
def test_types_that_no_event_has_are_refused_with_the_prefixes_that_there_are(keeper: Keeper, unknown: str) -> None:
    refused = assert_problem(keeper.http.get(PATH, params={"type": unknown}), 422)
    assert unknown in refused["detail"]
    assert "labs.*, records.*" in refused["detail"]
    hooks, good = f"{API}/webhooks", {"url": "http://127.0.0.1:9/", "event_types": ["access.*", "labs.*"]}
    refused = assert_problem(keeper.http.post(hooks, json={**good, "event_types": ["labs.*", unknown]}), 422)
    assert "access.*" in refused["detail"]
    made = keeper.http.post(hooks, json=good)
    assert made.status_code == 201
    where = f"{hooks}/{made.json()['webhook_id']}"
    assert_problem(keeper.http.patch(where, json={"event_types": [unknown]}), 422)
    assert keeper.http.patch(where, json={"active": False}).status_code == 200
    assert keeper.http.delete(where).status_code == 204


def test_it_resumes_behind_any_event_without_gap_or_double(keeper: Keeper) -> None:
    keeper.register()
    head = keeper.app.log_head()
    with listening(keeper.app, {"from": "start"}) as stream:
        eventually(lambda: stream.events and stream.events[-1]["data"]["position"] >= head, "it caught up")
        everything = [(event["id"], event["data"]["id"]) for event in stream.events]
    for place in (0, 1, len(everything) // 2, len(everything) - 2):
        with listening(keeper.app, None, everything[place][0]) as stream:
            rest = stream.until(len(everything) - place - 1)
            assert [(event["id"], event["data"]["id"]) for event in rest] == everything[place + 1 :]


@pytest.mark.parametrize("bad", ["x", "labs", "labs:1", "labs:-1.0", "labs:1.0;x", "1", "labs:99999999999999999.0"])
def test_a_bad_last_event_id_is_400(keeper: Keeper, bad: str) -> None:
    assert_problem(keeper.http.get(PATH, headers={"Last-Event-ID": bad}), 400, "malformed-header")


def test_alerts_are_facts_in_the_stream(keeper: Keeper, cml: CmlSimulator) -> None:
    with listening(keeper.app, {"type": "labs.lab-alert-raised"}) as stream:
        cml.set_labs([a_lab(1), a_lab(2), a_lab(3), a_lab(4)])
        worker = keeper.register()
        cml.set_labs([a_lab(1, state="DEFINED_ON_CORE"), a_lab(2), a_lab(3), a_lab(4)])
        worker.refreshed()
        reset = stream.until(1)[0]["data"]["data"]
        assert (reset["kind"], reset["record_id"], reset["worker_id"]) == ("lab-reset", worker.record_id(1), worker.id)
        cml.set_labs([a_lab(1, state="DEFINED_ON_CORE"), a_lab(2)])
        worker.refreshed()
        dropped = stream.until(2)[1]["data"]["data"]
        assert (dropped["kind"], dropped["details"]) == ("worker-labs-dropped", {"gone": 2, "known": 4})
        cml.set_faults({"kind": "drop_connection"})
        assert_problem(worker.refresh(), 503)
        unreachable = stream.until(3)[2]["data"]["data"]
        assert (unreachable["kind"], unreachable["worker_id"]) == ("worker-unreachable", worker.id)
        assert_problem(worker.refresh(), 503)
        time.sleep(0.5)
        assert len(stream.events) == 3


def test_it_ends_when_the_token_expires(keeper: Keeper) -> None:
    ahead = int(keeper.clock.ahead.total_seconds())
    for life in (3, 12, 48):
        with keeper.app.client_with(keeper.app.running.token(Role.USER, ttl_seconds=ahead + life)) as client:
            listener = Listener(client, None, None, PATH)
            assert listener.ended.wait(life + PATIENCE_SECONDS)
            listener.thread.join()
        if not listener.refused:
            break
        # Too busy a machine to get there in time: another one that lives longer.
    assert listener.error is None
    assert listener.headers["content-type"].startswith("text/event-stream")


def test_it_ends_at_once_on_shutdown_and_its_ids_hold_after_a_restart(
    shared_mongod: LocalMongod, cml: CmlSimulator, tmp_path: Path
) -> None:
    database = f"test_{uuid.uuid4().hex}"
    clock = MovableClock()
    try:
        with served(shared_mongod, tmp_path, database=database, clock=clock) as app:
            keeper = Keeper(app, cml, clock)
            worker = keeper.register()
            client = app.client()
            listener = Listener(client, {"from": "start"}, None, PATH)
            seen = list(listener.until(5))
        # The application would wait for ever for a stream that does not end.
        assert listener.ended.wait(PATIENCE_SECONDS)
        assert listener.error is None
        cml.set_labs([a_lab(1), a_lab(2, lab_title="while it was away"), a_lab(3)])
        with served(shared_mongod, tmp_path, database=database, clock=clock) as app:
            with app.client() as client:
                clock.advance(11)
                eventually(
                    lambda: client.post(worker.path + "/labs/refresh").status_code in (200, 429), "it was refreshed"
                )
            with listening(app, None, seen[2]["id"]) as stream:
                rest = stream.until(3)
                assert [event["data"]["id"] for event in rest[:2]] == [event["data"]["id"] for event in seen[3:]]
                assert rest[2]["data"]["data"]["changed_fields"]["title"]["new"] == "while it was away"
            with app.client() as client:
                assert client.get(worker.path).json()["worker_id"] == worker.id
    finally:
        with shared_mongod.client() as connection:
            connection.drop_database(database)
