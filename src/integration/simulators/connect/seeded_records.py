"""Records that are there at the very first start."""

from collections.abc import Iterator
from random import Random
from typing import Any

from integration.simulators.connect.record_table import COLUMNS, FIRST_ID
from integration.simulators.connect.world import World

_TITLES = ("Call worker", "Check photos", "Visit again", "Explain the scale", "Review week")
_STATUSES = ("investigating", "flw_action_in_progress", "flw_action_completed", "review_needed", "closed")
_FIRST_SEEDED = 4_001


def seeded_records(seed: int, count: int, world: World) -> list[dict[str, Any]]:
    """Return so many records, spread over all opportunities; the same for the same arguments."""
    random = Random(seed)  # noqa: S311 a made-up world
    opportunities = list(world.opportunities.values())
    made = _solicitation() if count else []
    for number, record_id in zip(range(len(made), count), _ids(_FIRST_SEEDED + len(made)), strict=False):
        opportunity = opportunities[number % len(opportunities)]
        made.append(_task(record_id, opportunity.id, random))
    return made


def _ids(first: int) -> Iterator[int]:
    """Yield the ids that a server would have given, before those that it gives out from now on."""
    yield from range(first, FIRST_ID)
    yield from range(100_001, 10_000_000)


def _record(record_id: int, **fields: Any) -> dict[str, Any]:
    blank = dict.fromkeys(COLUMNS)
    return {**blank, "id": record_id, "public": False, **fields}


def _task(record_id: int, opportunity_id: int, random: Random) -> dict[str, Any]:
    title = random.choice(_TITLES)
    worker = f"flw_{random.randint(1, 40):02d}"
    data = {
        "title": title,
        "description": f"{title} of {worker}",
        "priority": random.choice(("low", "medium", "high")),
        "status": random.choice(_STATUSES),
        "username": worker,
        "opportunity_id": opportunity_id,
        "visits": random.randint(0, 90),
        "events": [
            {"event_type": "created", "actor": "asha", "description": title, "timestamp": "2026-01-20T08:00:00Z"}
        ],
    }
    return _record(
        record_id, experiment="tasks", type="Task", data=data, opportunity_id=opportunity_id, username="asha"
    )


def _solicitation() -> list[dict[str, Any]]:
    data = {
        "title": "Nutrition screening in two counties",
        "description": "Screen children under five and follow up.",
        "solicitation_type": "eoi",
        "status": "active",
        "is_public": True,
        "questions": [{"id": 1, "text": "Where have you worked before?"}],
        "application_deadline": "2026-12-31",
        "contact_email": "brian@dimagi.example",
        "created_by": "brian",
        "program_name": "CHC",
    }
    return [
        _record(
            _FIRST_SEEDED, experiment="12", type="solicitation", data=data, program_id=12, username="brian", public=True
        )
    ]
