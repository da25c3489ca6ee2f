"""The app is killed with signal 9 in the middle of refreshes and started again: nothing doubled or half done."""

import asyncio
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.labs.events import LABS_EVENTS
from domain.labs.repositories import LabRecordRepository
from integration.labs.mongo_lab_repositories import MongoLabRecordRepository
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from tests.support.cml import CmlSimulator, a_lab
from tests.support.hosts import end_process, start_process
from tests.support.jobs import eventually
from tests.support.tallies import HandClock, holes, version_faults

LABS = 300
WORKERS = "/api/v1/workers/region/here/workers"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class AppProcess:
    """The application as a process of its own."""

    def __init__(self, uri: str, database: str, folder: Path) -> None:
        self._process: subprocess.Popen[str] = start_process("tests.support.app_process", uri, database, str(folder))
        assert self._process.stdout is not None
        line = self._process.stdout.readline().split()
        assert line[:1] == ["url"], "the application did not start"
        self.client = httpx.AsyncClient(
            base_url=line[1], headers={"Authorization": f"Bearer {line[2]}"}, timeout=120, trust_env=False
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill_nine(self) -> None:
        end_process(self._process)


@contextmanager
def app_process(uri: str, database: str, folder: Path) -> Iterator[AppProcess]:
    app = AppProcess(uri, database, folder)
    try:
        yield app
    finally:
        app.kill_nine()


async def refresh(app: AppProcess, worker_id: str) -> httpx.Response:
    return await app.client.post(f"{WORKERS}/{worker_id}/labs/refresh", headers={"Idempotency-Key": "the-same"})


async def refresh_until_done_or_dead(app: AppProcess, worker_id: str) -> None:
    with suppress(httpx.HTTPError):
        while (await refresh(app, worker_id)).status_code != 200:  # noqa: ASYNC110  another process tells no event
            await asyncio.sleep(0.2)


def titles(number: int) -> list[dict[str, Any]]:
    return [a_lab(lab, lab_title=f"round {number}, lab {lab}") for lab in range(1, LABS + 1)]


async def test_nothing_is_doubled_or_half_done(
    driver: MongoDriver, mongo_uri: str, database_name: str, tmp_path: Path, cml: CmlSimulator
) -> None:
    dice = random.Random(42)
    cml.set_labs(titles(0))
    log, leases = driver.collection("labs_commits"), driver.collection("leases")
    claims = driver.collection("idempotency_keys")
    heads: list[int] = []
    worker_id = ""
    for number, pause in enumerate((0.02, 0.06, 0.1, 0.2)):
        # The leases and claims of a dead process run out by themselves; that is shown elsewhere.
        await leases.update_many({}, {"$set": {"expires_at": LONG_AGO}})
        await claims.update_many({}, {"$set": {"locked_until": LONG_AGO}})
        # An application that starts refreshes by itself: whichever refresh comes first finds the change, and dies.
        cml.set_labs(titles(number))
        before = await log.count_documents({})
        with app_process(mongo_uri, database_name, tmp_path) as app:
            if not worker_id:
                body = {
                    "name": "one",
                    "endpoint_url": cml.url,
                    "username": "admin",
                    "password": "password",
                    "verify_tls": False,
                    "active": False,
                }
                answer = await app.client.post(WORKERS, json=body)
                assert answer.status_code == 201, answer.text
                worker_id = answer.json()["worker_id"]
                before += 2
                answer = await app.client.patch(f"{WORKERS}/{worker_id}", json={"active": True})
                assert answer.status_code == 200, answer.text
            running = asyncio.create_task(refresh_until_done_or_dead(app, worker_id))
            async with asyncio.timeout(120):
                while await log.count_documents({}) <= before:  # noqa: ASYNC110  another process tells no event
                    await asyncio.sleep(0.002)
            await asyncio.sleep(pause * dice.random())
            app.kill_nine()
            await running
            heads.append(await log.count_documents({}))
    cml.set_labs(titles(9))
    await leases.update_many({}, {"$set": {"expires_at": LONG_AGO}})
    with app_process(mongo_uri, database_name, tmp_path) as app:
        async with asyncio.timeout(120):
            while (answer := await refresh(app, worker_id)).status_code != 200:
                assert answer.status_code in (409, 429, 503), answer.text
                await asyncio.sleep(0.3)
        shown: list[dict[str, Any]] = []

        async def all_shown() -> bool:
            shown[:] = (await app.client.get(f"{WORKERS}/{worker_id}/labs")).json()
            return len(shown) == LABS and all(lab["title"].startswith("round 9") for lab in shown)

        await eventually(all_shown)
        commits = await log.find({}).sort("_id", 1).to_list(None)
        store = MongoEventStore(driver, "labs", EventCodec("labs", LABS_EVENTS), HandClock())
        records: LabRecordRepository = MongoLabRecordRepository(store)
        states = {record.state.id: record.state for record in await records.get_all_by_worker_async(worker_id)}
        documents = await driver.collection("lab_records_v1").find({}).to_list(None)
        await store.close_async()
    events = Counter(event["id"] for commit in commits for event in commit["e"])
    created = Counter(
        commit["s"] for commit in commits for event in commit["e"] if event["type"] == "labs.lab-record-created.v1"
    )
    doubled = [event for event, times in events.items() if times > 1] + [s for s, times in created.items() if times > 1]
    print(
        f"kills={len(heads)} commits_at_each_kill={heads} commits={len(commits)} labs={len(states)} "
        f"doubled={len(doubled)} holes={holes(commits)} version_faults={version_faults(commits)} shown={len(shown)}"
    )
    assert not doubled
    assert len(created) == len(states) == len(documents) == LABS
    assert holes(commits) == version_faults(commits) == 0
    for document in documents:
        state = states[document["_id"]]
        assert (document["version"], document["title"], document["state"]) == (
            state.state_version,
            state.title,
            state.state,
        )
        assert len(document["operation_history"]) == state.state_version - 1


async def test_the_app_says_503_while_mongod_is_dead_and_recovers(tmp_path: Path, cml: CmlSimulator) -> None:
    """The embedded mongod; see ``EmbeddedMongoServer``."""
    import json
    import os
    import signal
    import time

    with app_process("", "labkeeper", tmp_path) as app:
        state = tmp_path / "mongo" / "mongod.json"
        outages: list[float] = []
        answers: Counter[int] = Counter()
        try:
            for _ in range(2):
                assert (await app.client.get("/api/v1/workers/region/here/workers")).status_code == 200
                os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
                killed = time.monotonic()
                body = {"endpoint_url": cml.url, "username": "u", "password": "p", "active": False}
                while True:
                    asked = time.monotonic()
                    # Each time another: a registration that was cut off keeps its name for a while.
                    name = f"worker {answers.total()}"
                    answer = await app.client.post(WORKERS, json={**body, "name": name})
                    answers[answer.status_code] += 1
                    assert time.monotonic() - asked < 40, "a caller is not kept waiting"
                    if answer.status_code == 201:
                        break
                    assert answer.status_code == 503, answer.text
                    assert answer.headers["retry-after"]
                    assert answer.headers["content-type"].startswith("application/problem+json")
                    await asyncio.sleep(0.1)
                outages.append(round(time.monotonic() - killed, 1))
                assert (await app.client.get("/health/live")).status_code == 200
        finally:
            app.kill_nine()
            os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
    print(f"kills=2 outage_seconds={outages} answers={dict(answers)}")
    assert max(outages) < 90
    assert answers[201] == 2


@pytest.fixture(scope="module")
def _module_cml() -> Iterator[CmlSimulator]:
    with CmlSimulator() as simulator:
        yield simulator


@pytest.fixture
def cml(_module_cml: CmlSimulator) -> CmlSimulator:
    _module_cml.set_faults()
    _module_cml.set_labs([a_lab(1)])
    return _module_cml
