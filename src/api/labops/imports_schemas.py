"""Answers of the imports resource."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from application.labops.imports.import_runs import ImportState

_IMPORT: dict[str, Any] = {
    "import_id": "19c8f2d3a1b5b0f8a1c2d3e4f50",
    "state": "running",
    "file_name": "specimens.csv",
    "size": 1048576,
    "sha256": "0" * 64,
    "actor": "alice",
    "uploaded_at": "2026-03-01T12:00:00Z",
    "started_at": "2026-03-01T12:00:01Z",
    "ended_at": None,
    "rows_read": 5000,
    "rows_applied": 4990,
    "rows_unchanged": 7,
    "rows_rejected": 3,
    "bytes_read": 524288,
    "ignored_columns": ["patient_age"],
    "error": None,
    "cancelling": False,
}


class ImportAnswer(BaseModel):
    """An import. `rows_read` is the sum of applied, unchanged and rejected; `error` says why it failed."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_IMPORT]})

    import_id: str
    state: ImportState
    file_name: str
    size: int
    sha256: str
    actor: str
    uploaded_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    rows_read: int
    rows_applied: int
    rows_unchanged: int
    rows_rejected: int
    bytes_read: int
    ignored_columns: list[str]
    error: str | None
    cancelling: bool


class ImportsPage(BaseModel):
    """Imports, newest first."""

    items: list[ImportAnswer]
    next_cursor: str | None
