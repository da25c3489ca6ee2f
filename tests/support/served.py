"""The whole application served beside the test, in a thread with a loop of its own: tests talk to it as people do."""

import asyncio
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx

from api.kernel import read_your_writes
from api.kernel.authorization import Role
from application.kernel.leases import Leases
from application.kernel.subscriptions import ReadModels
from domain.kernel.clock import SystemClock
from tests.support.app import RunningApp, running_app, settings_for
from tests.support.cml import CmlSimulator
from tests.support.mongo import LocalMongod

T = TypeVar("T")
API = "/api/v1"
PATIENCE_SECONDS = 60.0
"""How long a busy machine may take. Nobody waits for that long but for what never comes."""


class MovableClock(SystemClock):
    """The system's time, put forward by tests that cannot wait."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._stands_at: datetime | None = None

    def now(self) -> datetime:
        return (self._stands_at or super().now()) + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)

    @contextmanager
    def standing(self) -> Iterator[None]:
        """Let nothing but ``advance`` move it until the block ends: the machine's pace then plays no part."""
        self._stands_at = super().now()
        try:
            yield
        finally:
            self._stands_at = None


def plain_client(url: str, **options: Any) -> httpx.Client:
    """Return a client for plain HTTP: to load the authorities that it never asks about takes 20 ms each time."""
    return httpx.Client(base_url=url, trust_env=False, verify=False, **options)


class Served:
    """A served application and ways to ask it."""

    def __init__(self, running: RunningApp, loop: asyncio.AbstractEventLoop, mongod: LocalMongod) -> None:
        self.running = running
        self.url = running.url
        self.loop = loop
        self.mongod = mongod
        self.database = running.settings.mongodb_database

    def run(self, work: Coroutine[Any, Any, T], seconds: float = PATIENCE_SECONDS) -> T:
        """Run a coroutine on the application's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def service(self, kind: Any) -> Any:
        return self.running.service(kind)

    def client(self, role: Role = Role.ADMIN, **options: Any) -> httpx.Client:
        return self.client_with(self.running.token(role, ttl_seconds=30 * 86_400), **options)

    def client_with(self, token: str | None, **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return plain_client(self.url, headers=headers, timeout=PATIENCE_SECONDS, **options)

    def log_head(self) -> int:
        """Return the number of commits in the labs log."""
        with self.mongod.client() as client:
            last = client[self.database]["labs_commits"].find_one(sort=[("_id", -1)])
            return int(last["_id"]) if last else 0

    def caught_up(self) -> None:
        """Wait until the read models show all that stands in the log by now."""
        models, head = self.service(ReadModels), self.log_head()
        for name in ("lab_records", "workers"):
            assert self.run(models.wait_async(name, head, PATIENCE_SECONDS), 2 * PATIENCE_SECONDS), name


@contextmanager
def served(mongod: LocalMongod, folder: Path, *, database: str | None = None, **options: Any) -> Iterator[Served]:
    """Serve the application until the block ends; its database is dropped unless the caller named it."""
    name = database or f"test_{uuid.uuid4().hex}"
    settings = options.pop("settings", None) or settings_for(folder, name, labs=options.pop("labs", None))
    ready = threading.Event()
    found: dict[str, Any] = {}
    # That a writer waits for the read models is shown all over; how long it does is too short for a busy machine.
    usual, read_your_writes.AFTER_WRITE_SECONDS = read_your_writes.AFTER_WRITE_SECONDS, PATIENCE_SECONDS

    async def serve_async() -> None:
        async with running_app(mongod.uri, settings, **options) as running:
            found["app"], found["loop"], found["end"] = running, asyncio.get_running_loop(), asyncio.Event()
            ready.set()
            await found["end"].wait()

    def serve() -> None:
        try:
            asyncio.run(serve_async())
        except BaseException as error:
            found["error"] = error
        finally:
            ready.set()

    thread = threading.Thread(target=serve, name="labkeeper-under-test")
    thread.start()
    try:
        assert ready.wait(2 * PATIENCE_SECONDS), "the application did not start"
        if "error" in found:
            raise found["error"]
        yield Served(found["app"], found["loop"], mongod)
    finally:
        read_your_writes.AFTER_WRITE_SECONDS = usual
        if "app" in found:
            found["loop"].call_soon_threadsafe(found["end"].set)
        thread.join(2 * PATIENCE_SECONDS)
        assert not thread.is_alive(), "the application did not end"
        if database is None and mongod.running:
            mongod.drop_soon(settings.mongodb_database)


def eventually(question: Callable[[], T | None], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Return what a question answers once that is neither None nor false."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.03)


class Keeper:
    """What an administrator does over HTTP, in few words."""

    def __init__(self, app: Served, cml: CmlSimulator, clock: MovableClock) -> None:
        self.app = app
        self.cml = cml
        self.clock = clock
        self.http = app.client()

    def body(self, **fields: Any) -> dict[str, Any]:
        account = {"username": self.cml.username, "password": self.cml.password}
        return {"name": "cml-1", "endpoint_url": self.cml.url, **account, "verify_tls": False, **fields}

    def register(self, region: str | None = None, *, wait: bool = True, **fields: Any) -> "Worker":
        """Register a worker and, unless told otherwise, wait for its first refresh."""
        region = region or f"r-{uuid.uuid4().hex[:12]}"
        answer = self.http.post(f"{API}/workers/region/{region}/workers", json=self.body(**fields))
        assert answer.status_code == 201, answer.text
        worker = Worker(self, region, answer)
        if wait and fields.get("active", True):
            worker.wait_until_asked()
        return worker


class Worker:
    """One registered worker."""

    def __init__(self, keeper: Keeper, region: str, answer: httpx.Response) -> None:
        self.keeper = keeper
        self.region = region
        self.answer = answer
        self.id: str = answer.json()["worker_id"]
        self.path = f"{API}/workers/region/{region}/workers/{self.id}"

    def get(self, path: str = "", **options: Any) -> httpx.Response:
        return self.keeper.http.get(self.path + path, **options)

    def labs(self, **options: Any) -> list[dict[str, Any]]:
        answer = self.get("/labs", **options)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    def record_id(self, number: int) -> str:
        return f"{self.id}.5b2c7e0a-1111-4222-8333-{number:012d}"

    def wait_until_asked(self) -> dict[str, Any]:
        def asked() -> dict[str, Any] | None:
            found: dict[str, Any] = self.get().json()
            return found if found["reachability"] != "unknown" else None

        found = eventually(asked, f"worker {self.id} was asked")
        leases = self.keeper.app.service(Leases)

        def let_go() -> bool:
            return self.keeper.app.run(leases.holder_async(f"refresh:{self.id}")) is None

        eventually(let_go, f"the refresh of worker {self.id} ended")
        self.keeper.app.caught_up()
        return found

    def refresh(self, *, later: float = 11, **options: Any) -> httpx.Response:
        """Refresh by hand, so much later than now."""
        self.keeper.clock.advance(later)
        return self.keeper.http.post(self.path + "/labs/refresh", **options)

    def refreshed(self, **options: Any) -> dict[str, Any]:
        answer = self.refresh(**options)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def assert_problem(answer: httpx.Response, status: int, name: str | None = None) -> dict[str, Any]:
    """Check that an answer is a problem document and return it."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["type"].startswith("https://labkeeper.dev/problems/")
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    if name is not None:
        assert problem["type"].endswith("/" + name), problem
    return problem
