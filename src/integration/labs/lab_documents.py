"""Documents of ``lab_records`` as the API gives them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from application.labs.sync_ledger import WorkerSync

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


def newest_first(ring: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the operations of a ring, newest first."""
    return list(ring)[::-1]


def as_utc(value: object) -> object:
    """Return a time in UTC; anything else as it is."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value
