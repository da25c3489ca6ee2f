"""Within a region no two workers bear the same name, however they come by it."""

import unicodedata
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.labs.worker_names import PATIENCE, NameClaim, NameClaims
from domain.labs.cml_worker import CmlWorker, WorkerDetails
from domain.labs.repositories import CmlWorkerRepository
from integration.labs.mongo_name_claims import COLLECTION
from tests.support.mongo import LocalMongod
from tests.support.served import API, Keeper, Served, Worker, assert_problem, served

RULE = {"field": "name", "rule": "must not be the name of another worker of the region"}
AT_ONCE = 8


def register(keeper: Keeper, region: str, name: str) -> httpx.Response:
    body = keeper.body(name=name, active=False)
    return keeper.http.post(f"{API}/workers/region/{region}/workers", json=body)


def rename(worker: Worker, name: str) -> httpx.Response:
    return worker.keeper.http.patch(worker.path, json={"name": name})


def names(keeper: Keeper, region: str) -> list[str]:
    return [one["name"] for one in keeper.http.get(f"{API}/workers/region/{region}/workers").json()["items"]]


def assert_taken(answer: httpx.Response) -> None:
    assert assert_problem(answer, 409, "already-taken")["errors"] == [RULE]


def claimed(keeper: Keeper, region: str, name: str, worker_id: str, version: int) -> None:
    """Do what a process does that dies before it stores the event."""
    claim = NameClaim(region, name, worker_id, version, keeper.clock.now())
    assert keeper.app.run(keeper.app.service(NameClaims).claim_async(claim)) is not None


def test_a_second_worker_of_the_name_is_refused_in_its_region_only(keeper: Keeper) -> None:
    first = keeper.register(name="twin", active=False)
    head = keeper.app.log_head()
    assert_taken(register(keeper, first.region, "twin"))
    assert keeper.app.log_head() == head
    assert register(keeper, first.region, "Twin").status_code == 201
    keeper.register(name="twin", active=False)
    assert names(keeper, first.region) == ["Twin", "twin"]


def test_a_worker_is_not_renamed_to_the_name_of_another(keeper: Keeper) -> None:
    first = keeper.register(name="one", active=False)
    second = keeper.register(first.region, name="two", active=False)
    refused = keeper.http.patch(second.path, json={"name": "one", "active": True, "password": "other"})
    assert_taken(refused)
    assert second.get().json()["version"] == 1
    assert rename(second, "two").status_code == 200
    assert second.get().json()["version"] == 1


def test_a_name_is_free_again_once_its_worker_has_another_or_is_gone(keeper: Keeper) -> None:
    first = keeper.register(name="one", active=False)
    assert rename(first, "two").status_code == 200
    second = register(keeper, first.region, "one")
    assert second.status_code == 201
    assert_taken(rename(first, "one"))
    assert keeper.http.delete(second.headers["location"]).status_code == 204
    assert rename(first, "one").status_code == 200
    assert register(keeper, first.region, "two").status_code == 201
    assert_taken(register(keeper, first.region, "one"))


def test_of_many_registrations_at_once_one_gets_the_name(keeper: Keeper) -> None:
    for attempt in range(4):
        region = f"crowded-{uuid4().hex[:8]}"
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            answers = list(crowd.map(lambda _, r=region: register(keeper, r, "only"), range(AT_ONCE)))  # type: ignore[misc]
        assert Counter(one.status_code for one in answers) == {201: 1, 409: AT_ONCE - 1}, attempt
        assert names(keeper, region) == ["only"]


def test_of_renames_and_a_registration_at_once_one_gets_the_name(keeper: Keeper) -> None:
    for _ in range(4):
        first = keeper.register(name="worker 0", active=False)
        others = [keeper.register(first.region, name=f"worker {n}", active=False) for n in range(1, 5)]
        with ThreadPoolExecutor(AT_ONCE) as crowd:
            waiting = [crowd.submit(rename, one, "only") for one in (first, *others)]
            waiting.append(crowd.submit(register, keeper, first.region, "only"))
            won = [one.result().status_code for one in waiting if one.result().is_success]
        assert len(won) == 1
        assert Counter(names(keeper, first.region))["only"] == 1


def test_a_registration_that_died_after_its_claim_gives_the_name_up_and_cannot_come_late(keeper: Keeper) -> None:
    region, dead = f"r-{uuid4().hex[:8]}", str(uuid4())
    claimed(keeper, region, "orphan", dead, 0)
    assert_taken(register(keeper, region, "orphan"))
    keeper.clock.advance((PATIENCE + timedelta(seconds=1)).total_seconds())
    assert register(keeper, region, "orphan").status_code == 201
    assert_taken(register(keeper, region, "orphan"))
    details = WorkerDetails(
        name="orphan", region=region, endpoint_url="http://x", verify_tls=True, active=False, max_history_size=1
    )
    late = CmlWorker.register(dead, details, keeper.clock.now())
    with pytest.raises(OptimisticConcurrencyException):
        keeper.app.run(keeper.app.service(CmlWorkerRepository).add_async(late))
    assert names(keeper, region) == ["orphan"]
    assert_problem(keeper.http.get(f"{API}/workers/region/{region}/workers/{dead}"), 404)


def test_a_rename_that_died_after_its_claim_keeps_the_name_until_its_worker_moves_on(keeper: Keeper) -> None:
    worker = keeper.register(name="before", active=False)
    claimed(keeper, worker.region, "after", worker.id, 1)
    keeper.clock.advance(3600)
    assert_taken(register(keeper, worker.region, "after"))
    assert rename(worker, "after").status_code == 200
    assert_taken(register(keeper, worker.region, "after"))
    claimed(keeper, worker.region, "later", worker.id, 2)
    assert keeper.http.patch(worker.path, json={"max_history_size": 7}).status_code == 200
    assert register(keeper, worker.region, "later").status_code == 201


def test_the_same_registration_sent_again_is_not_in_its_own_way(keeper: Keeper) -> None:
    path = f"{API}/workers/region/r-{uuid4().hex[:8]}/workers"
    key = {"Idempotency-Key": uuid4().hex}
    answers = [keeper.http.post(path, json=keeper.body(active=False), headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]


@pytest.mark.parametrize(
    ("first", "second"),
    [("race", " race  "), ("  race", "race"), ("Ren\u00e9e", "Rene\u0301e"), ("Rene\u0301e ", "Ren\u00e9e")],
)
def test_names_that_look_the_same_are_the_same(keeper: Keeper, first: str, second: str) -> None:
    kept = unicodedata.normalize("NFC", first).strip()
    worker = keeper.register(name=first, active=False)
    other = keeper.register(worker.region, name="other", active=False)
    assert names(keeper, worker.region) == sorted([kept, "other"])
    assert_taken(register(keeper, worker.region, second))
    assert_taken(rename(other, second))
    assert rename(worker, second).json()["version"] == 1


@pytest.mark.parametrize("name", [" ", "a\n", "\tb", "c\u00a0"])
def test_nothing_but_blanks_is_taken_off_a_name(keeper: Keeper, name: str) -> None:
    assert_problem(register(keeper, "r", name), 422)


def test_workers_whose_names_look_the_same_from_before_go_on(shared_mongod: LocalMongod, tmp_path: Path) -> None:
    database = f"test_{uuid4().hex}"
    region = f"{API}/workers/region/here/workers"

    async def store_async(app: Served, worker_id: str, name: str) -> None:
        details = WorkerDetails(
            name=name,
            region="here",
            endpoint_url="http://127.0.0.1:9",
            verify_tls=True,
            active=False,
            max_history_size=5,
        )
        worker = CmlWorker.register(worker_id, details, datetime.now(UTC))
        await app.service(CmlWorkerRepository).add_async(worker)

    older, younger = (str(uuid4()) for _ in range(2))
    with shared_mongod.client() as client:
        with served(shared_mongod, tmp_path, database=database) as app:
            app.run(store_async(app, older, "race"))
            app.run(store_async(app, younger, " race "))
            app.caught_up()
        client[database][COLLECTION].drop()
        client[database][COLLECTION].insert_one({"_id": "workers of before claims have theirs", "done": True})
        for worker_id, name in ((older, "race"), (younger, " race ")):
            claim = {"worker_id": worker_id, "version": 1, "claimed_at": datetime.now(UTC)}
            client[database][COLLECTION].insert_one({"_id": {"region": "here", "name": name}, **claim})
        with served(shared_mongod, tmp_path, database=database) as app, app.client() as http:
            body = {"name": "  race", "endpoint_url": "http://127.0.0.1:9", "username": "u", "password": "p"}
            assert_taken(http.post(region, json={**body, "active": False}))
            changed = http.patch(f"{region}/{younger}", json={"name": " race ", "max_history_size": 7})
            assert (changed.status_code, changed.json()["name"]) == (200, " race ")
            assert_taken(http.patch(f"{region}/{younger}", json={"name": "race "}))
            assert http.patch(f"{region}/{older}", json={"name": "race", "max_history_size": 7}).status_code == 200
            assert http.patch(f"{region}/{younger}", json={"name": "marathon"}).status_code == 200
            assert http.patch(f"{region}/{older}", json={"name": "sprint"}).status_code == 200
            assert http.post(region, json={**body, "active": False}).json()["name"] == "race"
        client.drop_database(database)


def test_workers_from_before_names_were_claimed_keep_theirs(shared_mongod: LocalMongod, tmp_path: Path) -> None:
    database = f"test_{uuid4().hex}"
    body = {"name": "old", "endpoint_url": "http://127.0.0.1:9", "username": "u", "password": "p", "active": False}
    path = f"{API}/workers/region/here/workers"
    with shared_mongod.client() as client:
        with served(shared_mongod, tmp_path, database=database) as app, app.client() as http:
            assert http.post(path, json=body).status_code == 201
        client[database][COLLECTION].drop()
        for _ in range(2):
            with served(shared_mongod, tmp_path, database=database) as app, app.client() as http:
                assert_taken(http.post(path, json=body))
        client.drop_database(database)
