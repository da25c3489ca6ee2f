"""A database that is there and answers nothing: pages are told, and nothing waits for it for long."""

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from api.kernel.authorization import Role
from tests.support.listening import listening_with
from tests.support.mongo import LocalMongod, single_node
from tests.support.served import API, Served, assert_problem, eventually, served

HTML = {"Accept": "text/html,application/xhtml+xml"}
STREAM = f"{API}/overview/stream"


@contextmanager
def hanging(mongod: LocalMongod) -> Iterator[None]:
    os.kill(mongod.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(mongod.pid, signal.SIGCONT)


def answered(app: Served, method: str, path: str, options: dict[str, Any]) -> tuple[httpx.Response, float]:
    """Return an answer, and after how many seconds it came."""
    asked = time.monotonic()
    with app.client() as http:
        return http.request(method, path, **options), time.monotonic() - asked


def is_well(app: Served) -> bool:
    """Tell whether a process says that it is well, and each of its readers too."""
    with app.client() as http:
        answers = [http.get(path) for path in ("/health/ready", f"{API}/subscriptions", f"{API}/read-models")]
    if any(answer.status_code != 200 for answer in answers):
        return False
    readers = [*answers[1].json()["items"], *answers[2].json()["items"]]
    return answers[0].json()["status"] == "healthy" and all(one["last_error"] is None for one in readers)


def test_open_overviews_and_new_pages_are_told_within_seconds(tmp_path: Path) -> None:
    with (
        single_node() as mongod,
        served(mongod, tmp_path / "one") as app,
        served(mongod, tmp_path / "two", database=app.database) as other,
        httpx.Client(base_url=app.url, timeout=60, trust_env=False) as browser,
    ):
        assert browser.post("/auth/session", json={"token": app.running.token(Role.USER)}).status_code == 204
        assert browser.get("/", headers=HTML).status_code == 200
        with listening_with(app.client(Role.USER), path=STREAM) as page:
            page.until(1)
            assert page.types[0] == "overview"
            received = {"specimen_id": "FROZEN", "assay": "CBC", "machine_id": "M1", "operator_id": "O1"}
            first = {"json": received, "headers": {"Idempotency-Key": "frozen"}}
            asked_for: list[tuple[str, str, dict[str, Any]]] = [
                ("POST", f"{API}/specimens", first),
                *(("GET", f"{API}/{path}", {}) for path in ("labs", "imports", "jobs", "read-models", "subscriptions")),
            ]
            with hanging(mongod), ThreadPoolExecutor(len(asked_for)) as threads:
                began = time.monotonic()
                answers = [threads.submit(answered, app, *one) for one in asked_for]
                eventually(lambda: "trouble" in page.types, "the page is told", 9)
                asked = time.monotonic()
                answer = browser.get("/", headers=HTML)
                assert time.monotonic() - asked < 6
                assert (answer.status_code, "cannot answer right now" in answer.text) == (503, True)
                assert "retry-after" in answer.headers
                assert_problem(browser.get("/"), 503)
                told = len(page.events)
                eventually(lambda: len(page.events) > told, "the page is told on", 9)
                assert page.types[-1] == "trouble"
                for one, (_method, path, _options) in zip(answers, asked_for, strict=True):
                    frozen, seconds = one.result(60)
                    assert_problem(frozen, 503)
                    assert "retry-after" in frozen.headers, path
                    assert seconds < 16, path
                time.sleep(max(0.0, 18 - (time.monotonic() - began)))
            for one in (app, other):
                # Nothing was written meanwhile: an error is over as soon as it can be read again.
                eventually(lambda one=one: is_well(one) or None, "every process says that all is well", 15)
            eventually(lambda: page.types[-1] in ("tick", "overview"), "it is live again", 15)
            assert page.error is None
        eventually(lambda: browser.get("/", headers=HTML).status_code == 200 or None, "the page is there again")
        with app.client() as http:
            eventually(lambda: http.post(f"{API}/specimens", **first).status_code == 201 or None, "it is received")
            assert http.post(f"{API}/specimens", **first).status_code == 201
            assert len(http.get(f"{API}/specimens/FROZEN/history").json()["items"]) == 1
