"""Bodies and answers of users, organisations and memberships."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody
from domain.access.rules import LONGEST_NAME, LONGEST_SLUG, LONGEST_USERNAME

_AT = "2026-03-01T12:00:00Z"
_PROGRAM: dict[str, Any] = {"id": 12, "name": "CHC", "delivery_type": "nutrition", "currency": "KES"}
_OPPORTUNITY: dict[str, Any] = {
    "id": 814,
    "name": "CHC Round 3",
    "program_id": 12,
    "start_date": "2025-05-02",
    "end_date": "2026-03-31",
    "is_active": True,
    "created_at": _AT,
}
_ORGANIZATION: dict[str, Any] = {
    "id": 7,
    "slug": "lwala",
    "name": "Lwala",
    "funder": False,
    "programs": [_PROGRAM],
    "opportunities": [_OPPORTUNITY],
    "created_at": _AT,
    "changed_at": _AT,
    "version": 3,
}
_USER: dict[str, Any] = {
    "username": "asha",
    "name": "Asha Otieno",
    "email": "asha@example.org",
    "active": True,
    "organizations": ["lwala"],
    "created_at": _AT,
    "changed_at": _AT,
    "version": 2,
}

Username = Annotated[str, Field(max_length=LONGEST_USERNAME, description="Letters, digits and `. @ + - _`.")]
Slug = Annotated[str, Field(max_length=LONGEST_SLUG, description="`a-z`, `0-9` and single `-`; not a number.")]
Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Day = Annotated[str | None, Field(max_length=10, description="`YYYY-MM-DD`.")]
Id = Annotated[int, Field(ge=1, lt=1 << 63)]


class _ChangeBody(StrictBody):
    """What is to be changed; what is left out stays."""

    def given(self) -> dict[str, Any]:
        """Return the fields that are given, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class CreateUserBody(StrictBody):
    """A user to be created. One who is not active belongs nowhere."""

    username: Username
    name: Name = ""
    email: Name = ""
    active: bool = True

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "asha", "name": "Asha Otieno", "email": "asha@example.org"}]}
    )


class ChangeUserBody(_ChangeBody):
    """What is to be changed of a user."""

    name: Name = ""
    email: Name = ""
    active: bool = True

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})


class CreateOrganizationBody(StrictBody):
    """An organisation to be created; its integer id is given by us."""

    slug: Slug
    name: Name
    funder: bool = False

    model_config = ConfigDict(json_schema_extra={"examples": [{"slug": "lwala", "name": "Lwala"}]})


class ChangeOrganizationBody(_ChangeBody):
    """What is to be changed of an organisation; its slug stays."""

    name: Name = ""
    funder: bool = False

    model_config = ConfigDict(json_schema_extra={"examples": [{"funder": True}]})


class AddProgramBody(StrictBody):
    """A program to be added."""

    name: Name
    delivery_type: Name | None = None
    currency: Annotated[str | None, Field(max_length=3)] = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "CHC", "delivery_type": "nutrition", "currency": "KES"}]}
    )


class ChangeProgramBody(_ChangeBody):
    """What is to be changed of a program."""

    name: Name = ""
    delivery_type: Name | None = None
    currency: Annotated[str | None, Field(max_length=3)] = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "CHC 2"}]})


class AddOpportunityBody(StrictBody):
    """An opportunity to be added; its program may be another organisation's, whose members see it then."""

    name: Name
    program_id: Id | None = None
    start_date: Day = None
    end_date: Day = None
    is_active: bool = True

    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "CHC Round 3", "end_date": "2026-03-31"}]})


class ChangeOpportunityBody(_ChangeBody):
    """What is to be changed of an opportunity."""

    name: Name = ""
    program_id: Id | None = None
    start_date: Day = None
    end_date: Day = None
    is_active: bool = True

    model_config = ConfigDict(json_schema_extra={"examples": [{"is_active": False}]})


class AddMembershipBody(StrictBody):
    """Who shall belong to which organisation."""

    username: Username
    organization: Slug

    model_config = ConfigDict(json_schema_extra={"examples": [{"username": "asha", "organization": "lwala"}]})


class UserAnswer(BaseModel):
    """A user with the slugs of their organisations."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_USER]})

    username: str
    name: str
    email: str
    active: bool
    organizations: list[str]
    created_at: datetime
    changed_at: datetime
    version: int


class UsersPage(BaseModel):
    """Users in order of their names."""

    model_config = ConfigDict(from_attributes=True)

    items: list[UserAnswer]
    next_cursor: str | None


class ProgramAnswer(BaseModel):
    """A program of an organisation."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_PROGRAM]})

    id: int
    name: str
    delivery_type: str | None
    currency: str | None


class OpportunityAnswer(BaseModel):
    """An opportunity of an organisation."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_OPPORTUNITY]})

    id: int
    name: str
    program_id: int | None
    start_date: str | None
    end_date: str | None
    is_active: bool
    created_at: datetime


class OrganizationAnswer(BaseModel):
    """An organisation with what it owns."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_ORGANIZATION]})

    id: int
    slug: str
    name: str
    funder: bool
    programs: list[ProgramAnswer]
    opportunities: list[OpportunityAnswer]
    created_at: datetime
    changed_at: datetime
    version: int


class OrganizationsPage(BaseModel):
    """Organisations in order of their ids."""

    model_config = ConfigDict(from_attributes=True)

    items: list[OrganizationAnswer]
    next_cursor: str | None


class MembershipAnswer(BaseModel):
    """Somebody belongs to an organisation."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [{"username": "asha", "organization_id": 7, "organization": "lwala", "since": _AT}]
        },
    )

    username: str
    organization_id: int
    organization: str
    since: datetime


class MembershipsPage(BaseModel):
    """Memberships in order of user names."""

    model_config = ConfigDict(from_attributes=True)

    items: list[MembershipAnswer]
    next_cursor: str | None
