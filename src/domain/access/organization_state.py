"""What is remembered of an organisation."""

from dataclasses import replace
from datetime import datetime

from domain.access.changes import with_changes
from domain.access.details import OpportunityDetails, OrganizationDetails, ProgramDetails
from domain.access.events import (
    OpportunityAddedDomainEvent,
    OpportunityChangedDomainEvent,
    OpportunityRemovedDomainEvent,
    OrganizationChangedDomainEvent,
    OrganizationCreatedDomainEvent,
    OrganizationRemovedDomainEvent,
    ProgramAddedDomainEvent,
    ProgramChangedDomainEvent,
    ProgramRemovedDomainEvent,
)
from domain.kernel.aggregate import RememberedState, reduces


class OrganizationState(RememberedState):
    """The remembered organisation; the id is the slug.

    Attributes:
        number: its integer id.
        programs, opportunities: by their integer ids.
        opened: when each opportunity was added, by id.
    """

    number: int
    details: OrganizationDetails
    removed: bool
    since: datetime
    programs: dict[int, ProgramDetails]
    opportunities: dict[int, OpportunityDetails]
    opened: dict[int, datetime]

    @reduces(OrganizationCreatedDomainEvent)
    def _created(self, event: OrganizationCreatedDomainEvent) -> None:
        self.number = event.organization_id
        self.details = OrganizationDetails(name=event.name, funder=event.funder)
        self.since = event.created_at
        self.removed = False
        self.programs, self.opportunities, self.opened = {}, {}, {}

    @reduces(OrganizationChangedDomainEvent)
    def _changed(self, event: OrganizationChangedDomainEvent) -> None:
        self.details = replace(self.details, **with_changes(event.changed_fields))

    @reduces(OrganizationRemovedDomainEvent)
    def _removed(self, _event: OrganizationRemovedDomainEvent) -> None:
        self.removed = True
        self.programs, self.opportunities, self.opened = {}, {}, {}

    @reduces(ProgramAddedDomainEvent)
    def _program_added(self, event: ProgramAddedDomainEvent) -> None:
        self.programs[event.program_id] = ProgramDetails(
            name=event.name, delivery_type=event.delivery_type, currency=event.currency
        )

    @reduces(ProgramChangedDomainEvent)
    def _program_changed(self, event: ProgramChangedDomainEvent) -> None:
        before = self.programs[event.program_id]
        self.programs[event.program_id] = replace(before, **with_changes(event.changed_fields))

    @reduces(ProgramRemovedDomainEvent)
    def _program_removed(self, event: ProgramRemovedDomainEvent) -> None:
        self.programs.pop(event.program_id, None)

    @reduces(OpportunityAddedDomainEvent)
    def _opportunity_added(self, event: OpportunityAddedDomainEvent) -> None:
        self.opportunities[event.opportunity_id] = OpportunityDetails(
            name=event.name,
            program_id=event.program_id,
            start_date=event.start_date,
            end_date=event.end_date,
            is_active=event.is_active,
        )
        self.opened[event.opportunity_id] = event.created_at

    @reduces(OpportunityChangedDomainEvent)
    def _opportunity_changed(self, event: OpportunityChangedDomainEvent) -> None:
        before = self.opportunities[event.opportunity_id]
        self.opportunities[event.opportunity_id] = replace(before, **with_changes(event.changed_fields))

    @reduces(OpportunityRemovedDomainEvent)
    def _opportunity_removed(self, event: OpportunityRemovedDomainEvent) -> None:
        self.opportunities.pop(event.opportunity_id, None)
        self.opened.pop(event.opportunity_id, None)
