"""Documents of ``lab_records`` as the API gives them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from application.labs.sync_ledger import WorkerSync
from domain.kernel.field_change import FieldChange
from domain.labs.values import LabOperation

SORT_FIELDS = {
    "title": "title",
    "state": "state",
    "owner_username": "owner_username",
    "node_count": "node_count",
    "link_count": "link_count",
    "created": "cml_created_at",
    "modified": "modified_at",
    "record_id": "_id",
}
"""Stored field by the name people sort by."""


def lab_item(document: dict[str, Any], sync: WorkerSync) -> dict[str, Any]:
    """Return a lab as a list item of one worker; a removed one says so and when."""
    item = {
        "record_id": document["_id"],
        "id": document["lab_id"],
        "title": document["title"],
        "description": document["description"],
        "notes": document["notes"],
        "state": document["state"],
        "owner": document["owner"],
        "owner_username": document["owner_username"],
        "node_count": document["node_count"],
        "link_count": document["link_count"],
        "created": document["cml_created_at"],
        "modified": document["modified_at"],
        "groups": document["groups"],
        "last_synced": sync.last_synced_of(document["lab_id"]),
        "removed": document["removed"],
        "removed_at": document["removed_at"],
    }
    if document["removed"]:
        item["last_synced"] = document["removed_at"]
    return item


def located(item: dict[str, Any], worker_id: str, name: str, region: str) -> dict[str, Any]:
    """Return a list item with where it is, for lists over all workers."""
    return {**item, "worker_id": worker_id, "worker_name": name, "region": region}


def operation_document(operation: LabOperation) -> dict[str, Any]:
    """Return an operation as a ring keeps it."""
    changes = {name: {"old": change.old, "new": change.new} for name, change in operation.changed_fields.items()}
    return {
        "timestamp": operation.timestamp,
        "previous_state": operation.previous_state,
        "new_state": operation.new_state,
        "changed_fields": changes,
    }


def newest_first(ring: Sequence[dict[str, Any]]) -> list[LabOperation]:
    """Return the operations of a ring, newest first."""
    return [_operation(document) for document in reversed(ring)]


def _operation(document: dict[str, Any]) -> LabOperation:
    changes = {name: FieldChange(**change) for name, change in document["changed_fields"].items()}
    return LabOperation(document["timestamp"], document["previous_state"], document["new_state"], changes)


def as_utc(value: object) -> object:
    """Return a time in UTC; anything else as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value
