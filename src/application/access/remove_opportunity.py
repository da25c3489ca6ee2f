"""Remove an opportunity."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_organization_async
from application.access.places_with_records import records_in_opportunity_async
from application.contracts.kept_records import KeptRecords
from application.kernel.refusals import Refusal
from domain.access.repositories import OrganizationRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class RemoveOpportunityCommand(Command[OperationResult[None]]):
    """Remove an opportunity that holds no records."""

    slug: str
    opportunity_id: int


class RemoveOpportunityCommandHandler(CommandHandler[RemoveOpportunityCommand, OperationResult[None]]):
    def __init__(self, organizations: OrganizationRepository, records: KeptRecords, clock: Clock) -> None:
        self._organizations = organizations
        self._records = records
        self._clock = clock

    async def handle_async(self, request: RemoveOpportunityCommand) -> OperationResult[None]:
        found = await decided_organization_async(
            self._organizations,
            request.slug,
            lambda one: one.remove_opportunity(request.opportunity_id, self._clock.now()),
            objection=lambda one: records_in_opportunity_async(self._records, one, request.opportunity_id),
        )
        return found if isinstance(found, Refusal) else self.no_content()
