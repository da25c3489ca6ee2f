"""The facts of the access context where users and organisations are kept here."""

from domain.kernel.domain_event import RecordedDomainEvent, domain_event
from domain.kernel.field_change import FieldChange


@domain_event("access.user-created.v1")
class UserCreatedDomainEvent(RecordedDomainEvent):
    """Somebody came; also somebody whose name was that of a removed user."""

    name: str
    email: str
    active: bool


@domain_event("access.user-changed.v1")
class UserChangedDomainEvent(RecordedDomainEvent):
    """``changed_fields`` maps ``name``, ``email`` or ``active`` to old and new."""

    changed_fields: dict[str, FieldChange]


@domain_event("access.user-removed.v1")
class UserRemovedDomainEvent(RecordedDomainEvent):
    """All memberships ended with it."""


@domain_event("access.user-joined-organization.v1")
class UserJoinedOrganizationDomainEvent(RecordedDomainEvent):
    organization_id: int
    organization: str


@domain_event("access.user-left-organization.v1")
class UserLeftOrganizationDomainEvent(RecordedDomainEvent):
    organization_id: int
    organization: str


@domain_event("access.organization-created.v1")
class OrganizationCreatedDomainEvent(RecordedDomainEvent):
    """``organization_id`` is never given again, also when the slug is."""

    organization_id: int
    name: str
    funder: bool


@domain_event("access.organization-changed.v1")
class OrganizationChangedDomainEvent(RecordedDomainEvent):
    """``changed_fields`` maps ``name`` or ``funder`` to old and new."""

    organization_id: int
    changed_fields: dict[str, FieldChange]


@domain_event("access.organization-removed.v1")
class OrganizationRemovedDomainEvent(RecordedDomainEvent):
    """Its programs, opportunities and memberships ended with it."""

    organization_id: int


@domain_event("access.program-added.v1")
class ProgramAddedDomainEvent(RecordedDomainEvent):
    program_id: int
    name: str
    delivery_type: str | None
    currency: str | None


@domain_event("access.program-changed.v1")
class ProgramChangedDomainEvent(RecordedDomainEvent):
    program_id: int
    changed_fields: dict[str, FieldChange]


@domain_event("access.program-removed.v1")
class ProgramRemovedDomainEvent(RecordedDomainEvent):
    program_id: int


@domain_event("access.opportunity-added.v1")
class OpportunityAddedDomainEvent(RecordedDomainEvent):
    opportunity_id: int
    name: str
    program_id: int | None
    start_date: str | None
    end_date: str | None
    is_active: bool


@domain_event("access.opportunity-changed.v1")
class OpportunityChangedDomainEvent(RecordedDomainEvent):
    opportunity_id: int
    changed_fields: dict[str, FieldChange]


@domain_event("access.opportunity-removed.v1")
class OpportunityRemovedDomainEvent(RecordedDomainEvent):
    opportunity_id: int


ACCESS_EVENTS: tuple[type[RecordedDomainEvent], ...] = (
    UserCreatedDomainEvent,
    UserChangedDomainEvent,
    UserRemovedDomainEvent,
    UserJoinedOrganizationDomainEvent,
    UserLeftOrganizationDomainEvent,
    OrganizationCreatedDomainEvent,
    OrganizationChangedDomainEvent,
    OrganizationRemovedDomainEvent,
    ProgramAddedDomainEvent,
    ProgramChangedDomainEvent,
    ProgramRemovedDomainEvent,
    OpportunityAddedDomainEvent,
    OpportunityChangedDomainEvent,
    OpportunityRemovedDomainEvent,
)
"""Every event that may stand in the access log."""
