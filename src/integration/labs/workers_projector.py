"""The read model ``workers``: one document per worker, as administrators see it."""

from collections.abc import Sequence
from typing import Any

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Projector
from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.stream_events import StreamDeletedDomainEvent
from domain.labs.events import (
    CmlWorkerCredentialsReplacedDomainEvent,
    CmlWorkerDecommissionedDomainEvent,
    CmlWorkerDetailsChangedDomainEvent,
    CmlWorkerHeldListingSettledDomainEvent,
    CmlWorkerLabsDroppedDomainEvent,
    CmlWorkerListingHeldDomainEvent,
    CmlWorkerReachabilityChangedDomainEvent,
    CmlWorkerRegisteredDomainEvent,
)
from domain.labs.values import Reachability
from integration.mongo.bulk_writes import read_documents_async, write_documents_async


class WorkersProjector(Projector):
    """Keeps ``workers``."""

    name = "workers"
    log = "labs"
    version = 1
    event_types = frozenset(
        event.event_type
        for event in (
            CmlWorkerRegisteredDomainEvent,
            CmlWorkerDetailsChangedDomainEvent,
            CmlWorkerCredentialsReplacedDomainEvent,
            CmlWorkerReachabilityChangedDomainEvent,
            CmlWorkerListingHeldDomainEvent,
            CmlWorkerHeldListingSettledDomainEvent,
            CmlWorkerLabsDroppedDomainEvent,
            CmlWorkerDecommissionedDomainEvent,
            StreamDeletedDomainEvent,
        )
    )

    async def prepare_async(self, target: Any) -> None:
        await target.create_index([("region", 1), ("name", 1), ("_id", 1)], name="region_name")

    async def project_async(self, facts: Sequence[RecordedFact], target: Any, session: Any) -> None:
        ids = sorted({fact.event.aggregate_id for fact in facts})
        documents = await read_documents_async(target, ids, session)
        stored = set(documents)
        gone = set()
        for fact in facts:
            event = fact.event
            if isinstance(event, StreamDeletedDomainEvent):
                documents.pop(event.aggregate_id, None)
                gone.add(event.aggregate_id)
                continue
            document = documents.setdefault(event.aggregate_id, {"_id": event.aggregate_id})
            document.update(_changes(event))
            document["version"] = event.aggregate_version
        complete = {key: document for key, document in documents.items() if "name" in document}
        await write_documents_async(
            target,
            new=[document for key, document in complete.items() if key not in stored],
            changed=[document for key, document in complete.items() if key in stored],
            gone=gone & stored,
            session=session,
        )


def _changes(event: RecordedDomainEvent) -> dict[str, Any]:
    match event:
        case CmlWorkerRegisteredDomainEvent():
            return {
                "name": event.name,
                "region": event.region,
                "endpoint_url": event.endpoint_url,
                "verify_tls": event.verify_tls,
                "active": event.active,
                "max_history_size": event.max_history_size,
                "reachability": Reachability.UNKNOWN.value,
                "reachability_reason": "",
                "reachability_changed_at": None,
                "labs_held": 0,
                "registered_at": event.created_at,
                "decommissioned": False,
            }
        case CmlWorkerDetailsChangedDomainEvent():
            return {name: change.new for name, change in event.changed_fields.items()}
        case CmlWorkerReachabilityChangedDomainEvent():
            return {
                "reachability": event.current.value,
                "reachability_reason": event.reason,
                "reachability_changed_at": event.created_at,
            }
        case CmlWorkerListingHeldDomainEvent():
            return {"labs_held": len(event.missing_lab_ids)}
        case CmlWorkerHeldListingSettledDomainEvent():
            return {"labs_held": 0}
        case CmlWorkerDecommissionedDomainEvent():
            return {"decommissioned": True, "active": False}
        case _:
            return {}
