"""Claims on worker names, on both drivers."""

import asyncio
from datetime import UTC, datetime

import pytest

from application.labs.worker_names import NameClaim
from integration.labs.mongo_name_claims import MongoNameClaims
from integration.labs.mongo_sync_ledger import MongoSyncLedger
from integration.labs.mongo_worker_views import MongoWorkerViews
from integration.mongo.driver import MongoDriver
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from tests.support.tallies import HandClock

pytestmark = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def claim(worker_id: str, version: int = 0, name: str = "$name") -> NameClaim:
    return NameClaim("eu.west", name, worker_id, version, NOW)


@pytest.fixture
def claims(driver: MongoDriver) -> MongoNameClaims:
    watch = ReadModelWatch(driver, Checkpoints(driver, HandClock()))
    return MongoNameClaims(driver, MongoWorkerViews(driver, watch, MongoSyncLedger(driver)))


async def test_of_many_claims_at_once_all_see_the_same_one(claims: MongoNameClaims) -> None:
    for name in ("a", "b", "c"):
        seen = await asyncio.gather(*(claims.claim_async(claim(f"$w{n}", name=name)) for n in range(20)))
        assert len({one.worker_id for one in seen}) == 1


async def test_a_claim_is_renewed_by_its_worker_only_and_never_to_an_older_version(claims: MongoNameClaims) -> None:
    assert await claims.claim_async(claim("w1", 3)) == claim("w1", 3)
    assert await claims.claim_async(claim("w1", 5)) == claim("w1", 5)
    assert await claims.claim_async(claim("w1", 4)) == claim("w1", 5)
    assert await claims.claim_async(claim("w2", 9)) == claim("w1", 5)


async def test_only_the_very_claim_is_withdrawn(claims: MongoNameClaims) -> None:
    await claims.claim_async(claim("w1", 5))
    await claims.withdraw_async(claim("w1", 4))
    await claims.withdraw_async(claim("w2", 5))
    assert await claims.claim_async(claim("w2")) == claim("w1", 5)
    await claims.withdraw_async(claim("w1", 5))
    assert await claims.claim_async(claim("w2")) == claim("w2")
