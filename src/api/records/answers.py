"""Records as JSON: what was stored comes back exactly, numbers of any size included."""

import json
from collections.abc import Iterable
from typing import Any

import orjson

from application.records.record_version import version_of
from domain.records.kinds.registry import kind_of
from domain.records.kinds.task import Task
from domain.records.values import LabsRecord


def encoded(document: Any) -> bytes:
    """Return JSON. The fast encoder knows neither numbers beyond 64 bits nor depths beyond its own."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return json.dumps(document, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()


def remote_shape(record: LabsRecord) -> dict[str, Any]:
    """Return a record as the system of record shows it."""
    return {
        "id": record.id,
        "username": record.username,
        "experiment": record.experiment,
        "opportunity_id": record.opportunity_id,
        "organization_id": record.organization_id,
        "program_id": record.program_id,
        "labs_record_id": record.labs_record_id,
        "type": record.type,
        "data": record.data,
        "public": record.public,
    }


def record_answer(record: LabsRecord) -> dict[str, Any]:
    """Return a record with the name of its kind; null for a plain record."""
    kind = kind_of(record.experiment, record.type)
    return {**remote_shape(record), "kind": None if kind is None else kind.name}


def task_answer(record: LabsRecord) -> dict[str, Any]:
    """Return a task with its status in today's names."""
    task = Task(record)
    return {
        "id": record.id,
        "title": task.title,
        "description": task.description,
        "priority": task.priority,
        "status": task.status,
        "username": task.username or record.username or "",
        "flw_name": task.flw_name,
        "user_id": task.user_id,
        "opportunity_id": record.opportunity_id,
        "organization_id": record.organization_id,
        "program_id": record.program_id,
        "assigned_to_type": task.assigned_to_type,
        "assigned_to_name": task.assigned_to_name,
        "audit_session_id": task.audit_session_id,
        "workflow_run_id": task.workflow_run_id,
        "resolution_details": task.resolution_details,
        "events": task.events,
    }


def page_of(items: Iterable[dict[str, Any]], next_cursor: str | None) -> bytes:
    """Return a page of a list."""
    return encoded({"items": list(items), "next_cursor": next_cursor})


def tag_of(record: LabsRecord) -> str:
    """Return the strong tag of a record."""
    return f'"{version_of(record)}"'
