"""Remove an opportunity."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_organization_async
from application.kernel.refusals import Refusal
from domain.access.repositories import OrganizationRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class RemoveOpportunityCommand(Command[OperationResult[None]]):
    """Remove an opportunity; its records stay stored and nobody sees them any more."""

    slug: str
    opportunity_id: int


class RemoveOpportunityCommandHandler(CommandHandler[RemoveOpportunityCommand, OperationResult[None]]):
    def __init__(self, organizations: OrganizationRepository, clock: Clock) -> None:
        self._organizations = organizations
        self._clock = clock

    async def handle_async(self, request: RemoveOpportunityCommand) -> OperationResult[None]:
        found = await decided_organization_async(
            self._organizations,
            request.slug,
            lambda one: one.remove_opportunity(request.opportunity_id, self._clock.now()),
        )
        return found if isinstance(found, Refusal) else self.no_content()
