"""Users and organisations as streams in the access log, and the counter of their integer ids."""

from typing import Any

from domain.access.organization import Organization
from domain.access.repositories import AccessIds, OrganizationRepository, UserRepository
from domain.access.user import User
from integration.mongo.driver import MongoDriver, translating_outages
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore

IDS = "access_ids"


class MongoUserRepository(MongoEventSourcedRepository[User], UserRepository):
    """Users as streams ``user-<user name>``: a name can be taken once, by the first commit of its stream."""

    def __init__(self, store: MongoEventStore) -> None:
        super().__init__(store, User)


class MongoOrganizationRepository(MongoEventSourcedRepository[Organization], OrganizationRepository):
    """Organisations as streams ``organization-<slug>``."""

    def __init__(self, store: MongoEventStore) -> None:
        super().__init__(store, Organization)


class MongoAccessIds(AccessIds):
    """Documents ``{_id: kind, last}``. An id whose event was never stored is left out for good."""

    def __init__(self, driver: MongoDriver) -> None:
        self._counters = driver.collection(IDS)

    async def next_async(self, kind: str) -> int:
        with translating_outages("the store of ids"):
            document: dict[str, Any] = await self._counters.find_one_and_update(
                {"_id": kind}, {"$inc": {"last": 1}}, upsert=True, return_document=True
            )  # type: ignore[assignment]  # an upsert leaves nothing to find
        return int(document["last"])
