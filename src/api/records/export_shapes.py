"""Shapes of the system of record."""

from typing import Any

from application.contracts.memberships import Memberships
from application.records.opportunities import OPPORTUNITY_KEYS

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
    content = {"application/json": {"schema": {**_ITEMS, "examples": [example]}}}
    return {"requestBody": {"required": True, "content": content}}


def _answer(description: str, schema: dict[str, Any], example: Any) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": {**schema, "examples": [example]}}}}


_DETAIL: dict[str, Any] = {"type": "object", "required": ["detail"], "properties": {"detail": {"type": "string"}}}
_PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}
REFUSED: dict[int | str, dict[str, Any]] = {
    status: {
        "description": why,
        "content": {"application/json": {"schema": _DETAIL}, "application/problem+json": _PROBLEM},
    }
    for status, why in (("4XX", "The request is refused."), ("5XX", "It could not be done right now."))
}
"""Bare refusals; what never reaches a route, such as a path that is too long, is a problem document."""
LISTED = {200: _answer("Records.", _ITEMS, [_RECORD]), **REFUSED}
REMOVED = {200: {"description": "They are gone."}, **REFUSED}
OPPORTUNITY = {
    200: _answer("The opportunity.", {"type": "object"}, dict.fromkeys(OPPORTUNITY_KEYS) | {"id": 814, "name": "CHC"}),
    **REFUSED,
}
MEMBERSHIPS = {
    200: _answer(
        "Everything that you may see.",
        {"type": "object"},
        {
            "organizations": [{"id": 7, "slug": "lwala", "name": "Lwala", "funder": False}],
            "opportunities": [],
            "programs": [],
        },
    ),
    **REFUSED,
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
            "supervising_organization": one.supervising_organization,
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
            "funder": one.funder,
            "watchers": list(one.watchers),
        }
        for one in theirs.programs
    ]
    return {"organizations": organizations, "opportunities": opportunities, "programs": programs}
