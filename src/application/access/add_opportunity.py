"""Add an opportunity to an organisation."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.access_directory import AccessDirectory
from application.access.deciding import decided_organization_async, found_organization_async
from application.access.views import OwnedOpportunityView, opportunity_view
from application.kernel.refusals import Refusal, invalid
from domain.access.details import OpportunityDetails
from domain.access.repositories import AccessIds, OrganizationRepository
from domain.kernel.clock import Clock

NO_SUCH_PROGRAM = "must be the id of a program"


@dataclass(frozen=True, kw_only=True)
class AddOpportunityCommand(Command[OperationResult[OwnedOpportunityView]]):
    """Let an organisation own one opportunity more, of any organisation's program or of none."""

    slug: str
    details: OpportunityDetails


class AddOpportunityCommandHandler(CommandHandler[AddOpportunityCommand, OperationResult[OwnedOpportunityView]]):
    def __init__(
        self, organizations: OrganizationRepository, directory: AccessDirectory, ids: AccessIds, clock: Clock
    ) -> None:
        self._organizations = organizations
        self._directory = directory
        self._ids = ids
        self._clock = clock

    async def handle_async(self, request: AddOpportunityCommand) -> OperationResult[OwnedOpportunityView]:
        found = await found_organization_async(self._organizations, request.slug)
        if isinstance(found, Refusal):
            return found
        program = request.details.program_id
        if program is not None and await self._directory.owner_of_program_async(program) is None:
            return invalid("program_id", NO_SUCH_PROGRAM)
        number = await self._ids.next_async("opportunity")
        found = await decided_organization_async(
            self._organizations,
            request.slug,
            lambda one: one.add_opportunity(number, request.details, self._clock.now()),
        )
        return found if isinstance(found, Refusal) else self.created(opportunity_view(found.state, number))
