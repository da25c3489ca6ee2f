"""A request sent again under its key gets its first answer, and does nothing a second time."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from api.kernel.authorization import Role
from integration.mongo.driver import DriverName, MongoDriver
from integration.mongo.idempotency_keys import MongoIdempotencyKeys
from tests.http.kernel.toy import FixedClock, Made, bearer, client_of, toy_app

pytestmark = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)


async def make(client: httpx.AsyncClient, name: str, key: str, subject: str = "ada") -> httpx.Response:
    headers = {**bearer(Role.ADMIN, subject), "Idempotency-Key": key}
    return await client.post("/api/v1/toys", json={"name": name}, headers=headers)


async def test_a_repeated_request_gets_its_first_answer(driver: MongoDriver, driver_name: DriverName) -> None:
    keys = MongoIdempotencyKeys(driver, FixedClock())
    await keys.prepare_async()
    app = toy_app(keys=keys)
    made: Made = app.state.services.get_service(Made)
    async with client_of(app) as client:
        first, again = await make(client, "top", "k1"), await make(client, "top", "k1")
        assert (first.status_code, first.content) == (again.status_code, again.content) == (201, first.content)
        assert again.headers["idempotent-replayed"] == "true"
        assert again.headers["x-position"] == first.headers["x-position"]
        assert again.headers["location"] == "/x"
        assert "idempotent-replayed" not in first.headers
        assert made.names == ["top"]
        other = await make(client, "kite", "k1")
        assert (other.status_code, other.json()["type"][-22:]) == (422, "idempotency-key-reused")
        assert (await make(client, "top", "k1", subject="grace")).status_code == 201
        assert made.names == ["top", "top"]
        assert len(set(made.command_ids)) == 2
        assert (await make(client, "top", "bad key")).status_code == 422


async def test_what_failed_on_our_side_may_be_tried_again_with_the_same_command_id(
    driver: MongoDriver, driver_name: DriverName
) -> None:
    app = toy_app(keys=MongoIdempotencyKeys(driver, FixedClock()))
    made: Made = app.state.services.get_service(Made)
    async with client_of(app) as client:
        for name, status in (("unavailable", 503), ("bug", 500), ("soon", 429)):
            answers = [await make(client, name, f"key-{name}") for _ in range(2)]
            assert [answer.status_code for answer in answers] == [status, status]
        assert len(made.command_ids) == 6
        assert len(set(made.command_ids)) == 3


async def test_while_the_first_is_under_way_the_second_is_409_until_the_claim_lapses(
    driver: MongoDriver, driver_name: DriverName
) -> None:
    clock = FixedClock()
    app = toy_app(keys=MongoIdempotencyKeys(driver, clock))
    made: Made = app.state.services.get_service(Made)
    made.gate = asyncio.Event()
    async with client_of(app) as client:
        first = asyncio.create_task(make(client, "top", "k1"))
        async with asyncio.timeout(60):
            while not made.command_ids:  # noqa: ASYNC110  the handler tells nobody that it has begun
                await asyncio.sleep(0.01)
        second = await make(client, "top", "k1")
        assert (second.status_code, second.headers["retry-after"]) == (409, "1")
        clock.time += timedelta(seconds=121)
        made.gate.set()
        assert (await make(client, "top", "k1")).status_code == 201
        assert (await first).status_code == 201


async def test_a_key_is_free_again_after_a_day(driver: MongoDriver, driver_name: DriverName) -> None:
    clock = FixedClock()
    keys = MongoIdempotencyKeys(driver, clock)
    claim = await keys.claim_async("k", "f")
    await keys.release_async("k", "not the holder")
    assert (await keys.claim_async("k", "f")).outcome == "running"
    assert (await keys.claim_async("k", "other")).outcome == "other_request"
    await keys.release_async("k", claim.token)
    assert (await keys.claim_async("k", "f")).outcome == "claimed"
    clock.time += timedelta(hours=24)
    assert (await keys.claim_async("k", "other")).outcome == "claimed"
