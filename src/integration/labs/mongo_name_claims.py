"""Claims on worker names in MongoDB: one document per region and name."""

from typing import Any

from neuroglia.hosting.abstractions import HostedService

from application.labs.views import WorkerView, WorkerViews
from application.labs.worker_names import NameClaim, NameClaims
from domain.labs.worker_details import normal_name
from integration.mongo.driver import MongoDriver, translating_outages

COLLECTION = "worker_names"
_STORE = "the store of worker names"
_ALL_CLAIMED = "workers of before claims on normal names have theirs"


class MongoNameClaims(NameClaims, HostedService):
    """Documents ``{_id: {region, name in its normal form}, worker_id, version, claimed_at}``.

    The first start on a database gives the workers that it knows already their claims, and notes in a document of its
    own that this is done. Of several that bear one name the oldest gets it; the others
    keep theirs until they are renamed.
    """

    def __init__(self, driver: MongoDriver, workers: WorkerViews) -> None:
        self._claims = driver.collection(COLLECTION)
        self._workers = workers

    async def start_async(self) -> None:
        with translating_outages(_STORE):
            if await self._claims.find_one({"_id": _ALL_CLAIMED}) is not None:
                return
        for worker in sorted(await self._all_workers_async(), key=lambda one: one.registered_at):
            claim = NameClaim(worker.region, worker.name, worker.worker_id, worker.version, worker.registered_at)
            await self.claim_async(claim)
        with translating_outages(_STORE):
            await self._claims.update_one({"_id": _ALL_CLAIMED}, {"$set": {"done": True}}, upsert=True)

    async def stop_async(self) -> None:
        """Nothing is held open."""

    async def claim_async(self, claim: NameClaim) -> NameClaim:
        owner = {"$literal": claim.worker_id}
        own = {"$eq": [{"$ifNull": ["$worker_id", owner]}, owner]}
        stored = {
            "worker_id": {"$ifNull": ["$worker_id", owner]},
            "version": {"$cond": [own, {"$max": ["$version", claim.version]}, "$version"]},
            "claimed_at": {"$cond": [own, claim.claimed_at, "$claimed_at"]},
        }
        with translating_outages(_STORE):
            document: dict[str, Any] = await self._claims.find_one_and_update(
                {"_id": _key(claim.region, claim.name)}, [{"$set": stored}], upsert=True, return_document=True
            )  # type: ignore[assignment]  # an upsert leaves nothing to find
        return NameClaim(claim.region, claim.name, document["worker_id"], document["version"], document["claimed_at"])

    async def withdraw_async(self, claim: NameClaim) -> None:
        this = {"_id": _key(claim.region, claim.name), "worker_id": claim.worker_id, "version": claim.version}
        with translating_outages(_STORE):
            await self._claims.delete_one(this)

    async def _all_workers_async(self) -> list[WorkerView]:
        found: list[WorkerView] = []
        cursor: str | None = None
        while True:
            page = await self._workers.list_async(None, None, 200, cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found


def _key(region: str, name: str) -> dict[str, Any]:
    return {"region": region, "name": normal_name(name)}
