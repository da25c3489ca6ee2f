"""Organization: who owns programs and opportunities."""

from dataclasses import asdict
from datetime import datetime

from domain.access.changes import changes_between
from domain.access.details import OpportunityDetails, OrganizationDetails, ProgramDetails
from domain.access.errors import OrganizationRemovedError, UnknownOpportunityError, UnknownProgramError
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
from domain.access.organization_state import OrganizationState
from domain.access.rules import check_slug
from domain.kernel.aggregate import Aggregate


class Organization(Aggregate[OrganizationState]):
    """An organisation; a slug that was given up may be taken again, with another integer id."""

    def create(self, slug: str, number: int, details: OrganizationDetails, at: datetime) -> None:
        """Begin, or begin again after a removal.

        Raises:
            InvalidAccessError: the slug is none.
        """
        check_slug(slug)
        self.record(
            OrganizationCreatedDomainEvent(
                aggregate_id=slug, created_at=at, organization_id=number, name=details.name, funder=details.funder
            )
        )

    def change(self, details: OrganizationDetails, at: datetime) -> None:
        """Change what differs; record nothing when nothing does."""
        self._refuse_if_removed()
        changes = changes_between(self.state.details, details)
        if changes:
            self.record(
                OrganizationChangedDomainEvent(
                    aggregate_id=self.state.id,
                    created_at=at,
                    organization_id=self.state.number,
                    changed_fields=changes,
                )
            )

    def remove(self, at: datetime) -> None:
        """End, with everything that it owns."""
        self._refuse_if_removed()
        self.record(
            OrganizationRemovedDomainEvent(aggregate_id=self.state.id, created_at=at, organization_id=self.state.number)
        )

    def add_program(self, program_id: int, details: ProgramDetails, at: datetime) -> None:
        """Own one program more."""
        self._refuse_if_removed()
        self.record(
            ProgramAddedDomainEvent(aggregate_id=self.state.id, created_at=at, program_id=program_id, **asdict(details))
        )

    def change_program(self, program_id: int, details: ProgramDetails, at: datetime) -> None:
        """Change what differs in a program."""
        changes = changes_between(self.program(program_id), details)
        if changes:
            self.record(
                ProgramChangedDomainEvent(
                    aggregate_id=self.state.id, created_at=at, program_id=program_id, changed_fields=changes
                )
            )

    def remove_program(self, program_id: int, at: datetime) -> None:
        """Own a program no more; opportunities that name it have none then."""
        self.program(program_id)
        self.record(ProgramRemovedDomainEvent(aggregate_id=self.state.id, created_at=at, program_id=program_id))

    def add_opportunity(self, opportunity_id: int, details: OpportunityDetails, at: datetime) -> None:
        """Own one opportunity more."""
        self._refuse_if_removed()
        self.record(
            OpportunityAddedDomainEvent(
                aggregate_id=self.state.id, created_at=at, opportunity_id=opportunity_id, **asdict(details)
            )
        )

    def change_opportunity(self, opportunity_id: int, details: OpportunityDetails, at: datetime) -> None:
        """Change what differs in an opportunity."""
        changes = changes_between(self.opportunity(opportunity_id), details)
        if changes:
            self.record(
                OpportunityChangedDomainEvent(
                    aggregate_id=self.state.id, created_at=at, opportunity_id=opportunity_id, changed_fields=changes
                )
            )

    def remove_opportunity(self, opportunity_id: int, at: datetime) -> None:
        """Own an opportunity no more."""
        self.opportunity(opportunity_id)
        self.record(
            OpportunityRemovedDomainEvent(aggregate_id=self.state.id, created_at=at, opportunity_id=opportunity_id)
        )

    def program(self, program_id: int) -> ProgramDetails:
        """Return a program of this organisation.

        Raises:
            UnknownProgramError: it has none with this id.
        """
        self._refuse_if_removed()
        if program_id not in self.state.programs:
            raise UnknownProgramError(f"organisation {self.state.id} has no program {program_id}")
        return self.state.programs[program_id]

    def opportunity(self, opportunity_id: int) -> OpportunityDetails:
        """Return an opportunity of this organisation.

        Raises:
            UnknownOpportunityError: it has none with this id.
        """
        self._refuse_if_removed()
        if opportunity_id not in self.state.opportunities:
            raise UnknownOpportunityError(f"organisation {self.state.id} has no opportunity {opportunity_id}")
        return self.state.opportunities[opportunity_id]

    def _refuse_if_removed(self) -> None:
        if self.state.removed:
            raise OrganizationRemovedError(f"organisation {self.state.id} is removed")
