"""Streams that a browser holds open: they end when it logs out, wherever that is, and when its session is over."""

import time
import uuid
from collections.abc import Iterator

import httpx
import pytest

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from application.access.connect_logins import Sessions
from integration.access.mongo_sessions import IDLE
from integration.access.session_ends import LOOK_SECONDS
from tests.support.listening import listening_with
from tests.support.mongo import LocalMongod
from tests.support.served import API, MovableClock, Served, eventually, plain_client, served

STREAMS = (f"{API}/events/stream", f"{API}/overview/stream")


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="module")
def processes(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock
) -> Iterator[tuple[Served, Served]]:
    folder, database = tmp_path_factory.mktemp("sessions"), f"test_{uuid.uuid4().hex}"
    with (
        served(shared_mongod, folder, database=database, clock=clock) as one,
        served(shared_mongod, folder, database=database, clock=clock) as two,
    ):
        yield one, two
    with shared_mongod.client() as client:
        client.drop_database(database)


def browser(app: Served, cookies: httpx.Cookies | None = None) -> httpx.Client:
    return plain_client(app.url, timeout=60, cookies=cookies)


def logged_in(app: Served) -> httpx.Client:
    with browser(app) as made:
        assert made.post("/auth/session", json={"token": app.running.token(Role.USER)}).status_code == 204
        return browser(app, made.cookies)


@pytest.mark.parametrize("path", STREAMS)
def test_a_logout_ends_the_streams_of_its_session_at_once_and_no_others(
    processes: tuple[Served, Served], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, _ = processes
    ends = app.service(Sessions)._ends
    eventually(lambda: ends._looking is None, "those before have gone")
    monkeypatch.setattr(ends, "_look_seconds", 600.0)  # nobody looks: whatever ends here was told
    with (
        logged_in(app) as leaves,
        logged_in(app) as stays,
        listening_with(browser(app, leaves.cookies), path=path) as theirs,
        listening_with(browser(app, stays.cookies), path=path) as others,
    ):
        assert leaves.post("/auth/logout").status_code == 204
        eventually(theirs.ended.is_set, "the stream ended")
        assert theirs.error is None
        assert not others.ended.is_set()
    eventually(lambda: ends._looking is None, "the last one has gone")  # who comes next finds the usual pace


def test_a_logout_in_another_process_ends_them_when_somebody_looks_and_no_others(
    processes: tuple[Served, Served],
) -> None:
    here, there = processes
    with (
        logged_in(here) as person,
        logged_in(here) as stays,
        listening_with(browser(here, person.cookies), path=STREAMS[1]) as stream,
        listening_with(browser(here, stays.cookies), path=STREAMS[1]) as others,
    ):
        with browser(there, person.cookies) as elsewhere:
            assert elsewhere.post("/auth/logout").status_code == 204
        eventually(stream.ended.is_set, "the stream ended")
        assert stream.error is None
        time.sleep(0.3)
        assert not others.ended.is_set()


def test_somebody_looks_every_few_seconds() -> None:
    assert LOOK_SECONDS <= 3


def test_they_end_with_the_time_of_a_session_that_is_not_used(
    processes: tuple[Served, Served], clock: MovableClock
) -> None:
    app, _ = processes
    with logged_in(app) as person, listening_with(browser(app, person.cookies), path=STREAMS[1]) as stream:
        clock.advance(IDLE.total_seconds() + 1)
        eventually(stream.ended.is_set, "the stream ended")


@pytest.mark.parametrize("path", STREAMS)
def test_they_end_with_a_token(processes: tuple[Served, Served], clock: MovableClock, path: str) -> None:
    app, _ = processes
    ahead = clock.now().timestamp() - time.time()
    for life in (2, 12, 48):
        token = mint_token(app.running.secrets.jwt_secret, Role.USER, "asha", round(ahead + life))
        with listening_with(app.client_with(token), path=path) as stream:
            eventually(stream.ended.is_set, "the stream ended")
        if not stream.refused:  # a busy machine may take longer to ask than it lives
            break
    assert stream.error is None
