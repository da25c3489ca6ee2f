"""Queued writes as JSON, and how a request asks for its write to be queued."""

from typing import Annotated, Any, Literal

from fastapi import Header, Response
from pydantic import BaseModel, ConfigDict, Field

from api.records.answers import encoded, remote_shape
from application.records.records_outbox import Keep, QueuedState, QueuedWrite

Prefer = Annotated[
    str | None,
    Header(
        max_length=200,
        description="`respond-async`: while the system of record cannot be reached, keep the write and send it later.",
    ),
]

_EXAMPLE: dict[str, Any] = {
    "id": "0193a5c2-7f10-7000-8c1e-0d5f3a9b2e44",
    "username": "asha",
    "state": "conflict",
    "queued_at": "2026-03-01T12:00:00Z",
    "tried_at": "2026-03-01T12:05:00Z",
    "attempts": 1,
    "items": [{"id": 4501, "data": {"title": "Call"}}],
    "removals": [],
    "written": [],
    "error": "record 4501 was changed meanwhile",
    "conflict": {"record_id": 4501, "mine": {"data": {"title": "Call"}}, "theirs": None},
}


class ConflictAnswer(BaseModel):
    """Both versions: the fields that were queued (null for a removal), and the record as it is (null when gone)."""

    record_id: int
    mine: dict[str, Any] | None
    theirs: dict[str, Any] | None


class QueuedWriteAnswer(BaseModel):
    """A write that was kept to be sent later. `items` as they were given, `written` the ids that they led to."""

    id: str
    username: str
    state: QueuedState
    queued_at: str
    tried_at: str | None
    attempts: int
    items: list[dict[str, Any]]
    removals: list[int]
    written: list[int]
    error: str | None
    conflict: ConflictAnswer | None

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})


class QueuedWritesPage(BaseModel):
    """A page of queued writes."""

    items: list[QueuedWriteAnswer]
    next_cursor: str | None

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE], "next_cursor": None}]})


class ResolveBody(BaseModel):
    """Which version to keep: `mine`, which was queued, or `theirs`, which is there."""

    keep: Annotated[Literal["mine", "theirs"], Field(description="`mine` is sent over what is there now.")]

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [{"keep": "mine"}]})

    def chosen(self) -> Keep:
        """Return the choice."""
        return Keep(self.keep)


QUEUED: dict[str, Any] = {
    "model": QueuedWriteAnswer,
    "description": "With `Prefer: respond-async`, while the system of record cannot be reached: kept, and sent later",
}


def can_wait(prefer: str | None) -> bool:
    """Tell whether a request asks for its write to be queued when it cannot be done now."""
    preferences = (prefer or "").lower().split(",")
    return any(one.partition(";")[0].strip() == "respond-async" for one in preferences)


def path_of(write: QueuedWrite) -> str:
    """Return the path of a queued write."""
    return f"/api/v1/records/outbox/{write.id}"


def queued_answer(write: QueuedWrite) -> dict[str, Any]:
    """Return a queued write as JSON."""
    return {
        "id": write.id,
        "username": write.username,
        "state": write.state.value,
        "queued_at": _time(write.queued_at),
        "tried_at": _time(write.tried_at) if write.tried_at is not None else None,
        "attempts": write.attempts,
        "items": [{"id": item.id, **item.fields} for item in write.items],
        "removals": list(write.removals),
        "written": list(write.written),
        "error": write.error,
        "conflict": _conflict(write),
    }


def accepted(write: QueuedWrite) -> Response:
    """Return 202 with where the write can be followed."""
    headers = {"Location": path_of(write), "Preference-Applied": "respond-async"}
    return Response(encoded(queued_answer(write)), 202, headers, "application/json")


def _conflict(write: QueuedWrite) -> dict[str, Any] | None:
    if write.state is not QueuedState.CONFLICT or write.conflict_id is None:
        return None
    mine = next((dict(item.fields) for item in write.items if item.id == write.conflict_id), None)
    theirs = remote_shape(write.theirs) if write.theirs is not None else None
    return {"record_id": write.conflict_id, "mine": mine, "theirs": theirs}


def _time(at: Any) -> str:
    return str(at.isoformat()).replace("+00:00", "Z")
