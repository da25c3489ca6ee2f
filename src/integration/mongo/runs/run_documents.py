"""How runs and their parts are stored."""

from datetime import datetime, timedelta
from typing import Any

from bson import BSON

from application.kernel.jobs import JobRun, RunOutcome, RunPart
from integration.mongo.driver import MongoDocument

MAX_ITEMS = 1_000
MAX_ITEMS_BYTES = 4_000_000
MAX_ERROR_CHARACTERS = 2_000


def run_document(run: JobRun) -> MongoDocument:
    """Return the document of a run; times keep milliseconds, as MongoDB does."""
    return {
        "_id": run.run_id,
        "task_id": run.task_id,
        "trigger": run.trigger,
        "actor": run.actor,
        "started_at": run.started_at,
        "outcome": run.outcome.value,
        "ended_at": run.ended_at,
        "counts": run.counts,
        "parts_total": run.parts_total,
        "parts_done": run.parts_done,
        "parts_partial": run.parts_partial,
        "parts_failed": run.parts_failed,
        "error": run.error,
    }


def run_from(document: MongoDocument) -> JobRun:
    """Return the run that a document holds."""
    fields = dict(document)
    fields.pop("beside_job", None)
    return JobRun(run_id=fields.pop("_id"), outcome=RunOutcome(fields.pop("outcome")), **fields)


def part_document(run_id: str, number: int, part: RunPart, ended_at: datetime) -> MongoDocument:
    """Return the document of a part, with as many items as fit and the number of those that do not."""
    items = _items_that_fit(part.items)
    left_out = len(part.items) - len(items)
    counts = dict(part.counts)
    if left_out:
        counts["items_left_out"] = left_out
    return {
        "_id": f"{run_id}.{number:06d}",
        "run_id": run_id,
        "number": number,
        "part_id": part.part_id,
        "outcome": part.outcome.value,
        "counts": counts,
        "items": items,
        "error": shortened(part.error),
        "duration_ms": part.duration_ms,
        "ended_at": ended_at,
    }


def part_from(document: MongoDocument) -> RunPart:
    """Return the part that a document holds."""
    return RunPart(
        part_id=document["part_id"],
        outcome=RunOutcome(document["outcome"]),
        counts=document["counts"],
        items=document["items"],
        error=document["error"],
        duration_ms=document["duration_ms"],
    )


def shortened(error: str | None) -> str | None:
    """Return an error's text, cut to a length that an answer can carry."""
    if error is None or len(error) <= MAX_ERROR_CHARACTERS:
        return error
    return error[: MAX_ERROR_CHARACTERS - 1] + "…"


def milliseconds(moment: datetime) -> datetime:
    """Return a time as MongoDB gives it back: cut to milliseconds."""
    return moment - timedelta(microseconds=moment.microsecond % 1000)


def _items_that_fit(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    room = MAX_ITEMS_BYTES
    kept = []
    for item in items[:MAX_ITEMS]:
        room -= len(BSON.encode(item))
        if room < 0:
            break
        kept.append(item)
    return kept
