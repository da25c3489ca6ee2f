"""The read model ``alerts``: one document per alert, ``{_id: alert id, rule_id, ordinal, status, raised_at, ...}``."""

from collections.abc import Sequence
from typing import Any

from application.kernel.event_feed import RecordedFact
from application.kernel.subscriptions import Projector
from domain.kernel.domain_event import RecordedDomainEvent
from domain.labops.alert_events import (
    AlertAcknowledgedDomainEvent,
    AlertAnnouncedDomainEvent,
    AlertRaisedDomainEvent,
    AlertResolvedDomainEvent,
    AlertUpdatedDomainEvent,
)
from domain.labops.alert_values import AlertOperator, AlertSeverity
from integration.mongo.bulk_writes import read_documents_async, write_documents_async

MODEL = "alerts"


class AlertsProjector(Projector):
    """Keeps ``alerts``."""

    name = MODEL
    log = "labops"
    version = 2
    event_types = frozenset(
        event.event_type
        for event in (
            AlertRaisedDomainEvent,
            AlertUpdatedDomainEvent,
            AlertResolvedDomainEvent,
            AlertAcknowledgedDomainEvent,
            AlertAnnouncedDomainEvent,
        )
    )

    async def prepare_async(self, target: Any) -> None:
        await target.create_index([("rule_id", 1), ("ordinal", -1)], name="of_rule")
        await target.create_index([("raised_at", -1), ("_id", -1)], name="newest")
        await target.create_index([("status", 1), ("raised_at", -1), ("_id", -1)], name="newest_by_status")

    async def project_async(self, facts: Sequence[RecordedFact], target: Any, session: Any) -> None:
        ids = sorted({fact.event.aggregate_id for fact in facts})
        documents = await read_documents_async(target, ids, session)
        stored = set(documents)
        for fact in facts:
            event = fact.event
            document = documents.setdefault(event.aggregate_id, {"_id": event.aggregate_id})
            document.update(_changes(event, document))
            document["version"] = event.aggregate_version
            if not isinstance(event, AlertAnnouncedDomainEvent):
                document["updated_at"] = event.created_at
        complete = {key: document for key, document in documents.items() if "rule_id" in document}
        await write_documents_async(
            target,
            new=[document for key, document in complete.items() if key not in stored],
            changed=[document for key, document in complete.items() if key in stored],
            gone=set(),
            session=session,
        )


def _changes(event: RecordedDomainEvent, known: dict[str, Any]) -> dict[str, Any]:
    match event:
        case AlertRaisedDomainEvent():
            return {
                "rule_id": event.rule_id,
                "ordinal": event.ordinal,
                "rule_name": event.rule_name,
                "metric": event.metric,
                "operator": event.operator,
                "threshold": event.threshold,
                "value": event.value,
                "worst_value": event.value,
                "severity": event.severity,
                "worst_severity": event.severity,
                "status": "open",
                "window": event.window,
                "filters": {"assay": event.assay, "machine_id": event.machine_id},
                "raised_at": event.created_at,
                "resolved_at": None,
                "resolved_reason": None,
                "acknowledged_at": None,
                "acknowledged_by": None,
                "note": None,
                "messages": 0,
            }
        case AlertUpdatedDomainEvent():
            worst = max if AlertOperator(known["operator"]).looks_up else min
            return {
                "value": event.value,
                "worst_value": worst(known["worst_value"], event.value),
                "severity": event.severity,
                "worst_severity": _worse(known["worst_severity"], event.severity),
            }
        case AlertResolvedDomainEvent():
            value = {} if event.value is None else {"value": event.value}
            return {
                "status": "resolved",
                "resolved_at": event.created_at,
                "resolved_reason": event.reason,
                **value,
            }
        case AlertAcknowledgedDomainEvent():
            return {
                "status": "acknowledged",
                "acknowledged_at": event.created_at,
                "acknowledged_by": event.by,
                "note": event.note,
            }
        case AlertAnnouncedDomainEvent():
            return {"messages": known.get("messages", 0) + 1}
        case _:
            return {}


def _worse(one: str, other: str) -> str:
    return AlertSeverity.HIGH.value if AlertSeverity.HIGH in (one, other) else one
