"""Shapes of the system of record."""

from typing import Any

from application.contracts.memberships import Memberships

_RECORD: dict[str, Any] = {
    "id": 4501,
    "username": "asha",
    "experiment": "tasks",
    "opportunity_id": 814,
    "organization_id": None,
    "program_id": 12,
    "labs_record_id": 4490,
    "type": "Task",
    "data": {"title": "Call worker"},
    "public": False,
}
_ITEMS: dict[str, Any] = {"type": "array", "items": {"type": "object"}, "maxItems": 1000}


def _body(example: list[dict[str, Any]]) -> dict[str, Any]:
    content = {"application/json": {"schema": _ITEMS, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


LISTED: dict[str, Any] = {
    "description": "Records.",
    "content": {"application/json": {"schema": _ITEMS, "example": [_RECORD]}},
}
ITEMS_BODY = _body(
    [
        {
            "experiment": "tasks",
            "type": "Task",
            "data": {"title": "Call worker"},
            "opportunity_id": 814,
            "username": "asha",
        }
    ]
)
REMOVALS_BODY = _body([{"id": 4501}])


def memberships_answer(theirs: Memberships) -> dict[str, Any]:
    """Return ``opp_org_program_list/``."""
    organizations = [
        {"id": one.id, "slug": one.slug, "name": one.name, "funder": one.funder} for one in theirs.organizations
    ]
    opportunities = [
        {
            "id": one.id,
            "name": one.name,
            "date_created": one.date_created,
            "organization": one.organization,
            "supervising_organization": None,
            "end_date": one.end_date,
            "is_active": one.is_active,
            "program": one.program,
            "visit_count": one.visit_count,
        }
        for one in theirs.opportunities
    ]
    programs: list[dict[str, Any]] = [
        {
            "id": one.id,
            "name": one.name,
            "delivery_type": one.delivery_type,
            "currency": one.currency,
            "organization": one.organization,
            "funder": None,
            "watchers": [],
        }
        for one in theirs.programs
    ]
    return {"organizations": organizations, "opportunities": opportunities, "programs": programs}
