"""Change an opportunity."""

from dataclasses import dataclass, field, replace
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.access_directory import AccessDirectory
from application.access.add_opportunity import NO_SUCH_PROGRAM
from application.access.deciding import decided_organization_async
from application.access.views import OwnedOpportunityView, opportunity_view
from application.kernel.refusals import Refusal, invalid
from domain.access.repositories import OrganizationRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class ChangeOpportunityCommand(Command[OperationResult[OwnedOpportunityView]]):
    """Change what is given: ``name``, ``program_id``, ``start_date``, ``end_date``, ``is_active``."""

    slug: str
    opportunity_id: int
    changes: dict[str, Any] = field(default_factory=dict)


class ChangeOpportunityCommandHandler(CommandHandler[ChangeOpportunityCommand, OperationResult[OwnedOpportunityView]]):
    def __init__(self, organizations: OrganizationRepository, directory: AccessDirectory, clock: Clock) -> None:
        self._organizations = organizations
        self._directory = directory
        self._clock = clock

    async def handle_async(self, request: ChangeOpportunityCommand) -> OperationResult[OwnedOpportunityView]:
        program, number = request.changes.get("program_id"), request.opportunity_id
        if program is not None and await self._directory.owner_of_program_async(program) is None:
            return invalid("program_id", NO_SUCH_PROGRAM)
        found = await decided_organization_async(
            self._organizations,
            request.slug,
            lambda one: one.change_opportunity(
                number, replace(one.opportunity(number), **request.changes), self._clock.now()
            ),
        )
        return found if isinstance(found, Refusal) else self.ok(opportunity_view(found.state, number))
