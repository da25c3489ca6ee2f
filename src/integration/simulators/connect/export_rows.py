"""The rows of the export lists: made up, but always the same for the same seed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from integration.simulators.connect.world import Opportunity

WORKERS = 12
_SINCE = datetime(2026, 1, 5, 6, 30, tzinfo=UTC)
_STATUSES = ("pending", "approved", "approved", "rejected", "over_limit")

ExportRow = tuple[int, dict[str, Any]]
"""The id that paging goes by, which need not be a column, and the columns in order."""


def workers(seed: int, opportunity: Opportunity) -> Iterator[ExportRow]:
    """Yield ``user_data``: one row per worker."""
    for number in range(1, WORKERS + 1):
        random = _random(seed, opportunity.id, "worker", number)
        invited = _SINCE - timedelta(days=random.randint(5, 60))
        suspended = number == WORKERS
        yield (
            opportunity.id * 1_000 + number,
            {
                "username": _worker(number),
                "name": f"Worker {number}",
                "phone": f"+25470000{number:04d}",
                "date_learn_started": _at(invited + timedelta(days=1)),
                "user_invite_status": None if number == 1 else "accepted",
                "payment_accrued": random.randint(0, 9_000),
                "suspended": suspended,
                "suspension_date": _at(_SINCE) if suspended else None,
                "suspension_reason": "Repeated photos" if suspended else None,
                "invited_date": _at(invited),
                "completed_learn_date": _at(invited + timedelta(days=3)),
                "last_active": _at(_SINCE + timedelta(days=random.randint(0, 20))),
                "date_claimed": _at(invited + timedelta(days=4)),
                "claim_limits": [{"payment_unit": 3, "max_visits": 200}],
            },
        )


def visits(seed: int, opportunity: Opportunity, *, images: bool) -> Iterator[ExportRow]:
    """Yield ``user_visits``; with ``images`` their blobs too."""
    for number in range(1, opportunity.visit_count + 1):
        random = _random(seed, opportunity.id, "visit", number)
        visit_id = opportunity.id * 100_000 + number
        worker = random.randint(1, WORKERS)
        at = _SINCE + timedelta(minutes=37 * number)
        flagged = number % 7 == 0
        form = _form(random, opportunity, worker, number, at)
        columns = {
            "id": visit_id,
            "opportunity_id": opportunity.id,
            "username": _worker(worker),
            "user_id": str(UUID(int=worker)),
            "user_visit_id": str(UUID(int=visit_id)),
            "deliver_unit": 21,
            "entity_id": f"child-{number % 50}",
            "entity_name": f"Child, No. {number % 50}",
            "visit_date": _at(at),
            "status": random.choice(_STATUSES),
            "reason": 'seen "twice",\nsays the worker' if flagged else None,
            "location": f"{-1.2 - number / 9_000:.5f} {34.5 + number / 9_000:.5f} 1201.0 4.8",
            "flagged": flagged,
            "flag_reason": {"flags": [["duration", "The form was completed too quickly."]]} if flagged else None,
            "form_json": form,
            "completed_work": opportunity.id * 100_000 + number // 2,
            "status_modified_date": _at(at + timedelta(hours=5)),
            "review_status": "pending",
            "review_created_on": None,
            "justification": None,
            "date_created": _at(at + timedelta(seconds=9)),
            "completed_work_id": opportunity.id * 100_000 + number // 2,
            "deliver_unit_id": 21,
        }
        if images:
            blob = {"blob_id": f"blob-{visit_id}", "name": f"{number}.jpg", "parent_id": form["id"]}
            columns["images"] = [blob] if number % 2 else []
        yield visit_id, columns


def completed_modules(seed: int, opportunity: Opportunity, username: str | None) -> Iterator[ExportRow]:
    """Yield ``completed_module``, of one worker or of all."""
    for number in range(1, 3 * WORKERS + 1):
        worker = (number - 1) // 3 + 1
        random = _random(seed, opportunity.id, "module", number)
        took = timedelta(seconds=random.randint(60, 9_000), days=1 if number == 2 else 0, microseconds=number % 2 * 500)
        if username in (None, _worker(worker)):
            yield (
                opportunity.id * 1_000 + number,
                {
                    "username": _worker(worker),
                    "module": 40 + number % 3,
                    "opportunity_id": opportunity.id,
                    "date": _at(_SINCE + timedelta(hours=number)),
                    "duration": _duration(took),
                },
            )


def task_types(opportunity: Opportunity) -> Iterator[ExportRow]:
    """Yield ``task_types``: there is one."""
    yield (
        opportunity.id,
        {
            "id": opportunity.id,
            "task_type_id": str(UUID(int=opportunity.id)),
            "name": "Refresher",
            "slug": "refresher",
            "description": "",
            "unit_name": "module",
            "case_property": None,
            "is_active": True,
            "archived": False,
            "duration": 7,
        },
    )


def _form(random: Random, opportunity: Opportunity, worker: int, number: int, at: datetime) -> dict[str, Any]:
    ends = at + timedelta(minutes=random.randint(3, 25))
    return {
        "domain": f"connect-{opportunity.organization}",
        "id": str(UUID(int=opportunity.id * 1_000_000 + number)),
        "app_id": "a1b2c3",
        "build_id": "d4e5f6",
        "received_on": _at(ends + timedelta(seconds=8)),
        "form": {
            "@xmlns": "http://openrosa.org/formdesigner/visit",
            "@name": "Visit",
            "child": {"muac_cm": f"{random.uniform(10.5, 16.0):.1f}", "weight_kg": str(random.randint(4, 15))},
            "consent": True if number % 3 else None,
            "note": 'it\'s "fine"\nthey say',
            "photo": f"{number}.jpg",
            "case": {"@case_id": str(UUID(int=number)), "update": {"last_visit": at.date().isoformat()}},
            "meta": {
                "instanceID": str(UUID(int=opportunity.id * 1_000_000 + number)),
                "timeStart": _at(at),
                "timeEnd": _at(ends),
                "username": _worker(worker),
                "userID": str(UUID(int=worker)),
                "deviceID": "formplayer",
                "appVersion": "2.5",
            },
        },
        "metadata": {"timeStart": _at(at), "timeEnd": _at(ends), "username": _worker(worker)},
    }


def _worker(number: int) -> str:
    return f"flw_{number:02d}"


def _random(seed: int, opportunity: int, what: str, number: int) -> Random:
    return Random(f"{seed}/{opportunity}/{what}/{number}")  # noqa: S311 a made-up world


def _at(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _duration(took: timedelta) -> str:
    hours, seconds = divmod(took.seconds, 3_600)
    text = f"{hours:02d}:{seconds // 60:02d}:{seconds % 60:02d}"
    days = f"{took.days} " if took.days else ""
    return f"{days}{text}" + (f".{took.microseconds:06d}" if took.microseconds else "")
