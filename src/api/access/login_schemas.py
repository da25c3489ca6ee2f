"""Answers about whoever is asking, and the body that chooses a labs context."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody

_CONTEXT: dict[str, Any] = {"opportunity_id": 814, "program_id": None, "organization_id": None}
_ME: dict[str, Any] = {
    "username": "asha",
    "name": "Asha Otieno",
    "email": "asha@example.org",
    "role": "user",
    "session": True,
    "expires_at": "2026-03-15T12:00:00Z",
    "login_usable": True,
    "memberships": {
        "organizations": [{"id": 7, "slug": "lwala", "name": "Lwala", "funder": False}],
        "programs": [],
        "opportunities": [{"id": 814, "name": "CHC Round 3", "organization": "lwala", "program": 12}],
    },
    "context": _CONTEXT,
}

Id = Annotated[int, Field(ge=1, lt=1 << 63)]


class ContextBody(StrictBody):
    """Where to work; an empty object leaves it to what there is to choose from. An organisation is an id or a slug."""

    opportunity_id: Id | None = None
    program_id: Id | None = None
    organization_id: Id | Annotated[str, Field(min_length=1, max_length=100)] | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"opportunity_id": 814}]})


class ContextAnswer(BaseModel):
    """Where somebody works; all null when there is something to choose."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_CONTEXT]})

    opportunity_id: int | None
    program_id: int | None
    organization_id: int | None


class MyOrganizationAnswer(BaseModel):
    """An organisation that somebody belongs to."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    slug: str
    name: str
    funder: bool


class MyProgramAnswer(BaseModel):
    """A program; `organization` is the slug of its owner."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    organization: str
    delivery_type: str | None
    currency: str | None


class MyOpportunityAnswer(BaseModel):
    """An opportunity; `organization` is a slug, `program` an id."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    organization: str
    program: int | None
    end_date: str | None
    is_active: bool


class MyMembershipsAnswer(BaseModel):
    """Everything that somebody belongs to."""

    model_config = ConfigDict(from_attributes=True)

    organizations: list[MyOrganizationAnswer]
    programs: list[MyProgramAnswer]
    opportunities: list[MyOpportunityAnswer]


class MeAnswer(BaseModel):
    """Whoever asks.

    `memberships` and `context` are null while Connect does not tell; `login_usable` says whether Connect should still
    accept the login behind a session: false once it refused token and refresh, true again after the next login.
    """

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ME]})

    username: str
    name: str
    email: str
    role: str
    session: bool
    expires_at: datetime | None
    login_usable: bool | None
    memberships: MyMembershipsAnswer | None
    context: ContextAnswer | None
