"""Add a program to an organisation."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_organization_async, found_organization_async
from application.access.views import OwnedProgramView, program_view
from application.kernel.refusals import Refusal
from domain.access.details import ProgramDetails
from domain.access.repositories import AccessIds, OrganizationRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class AddProgramCommand(Command[OperationResult[OwnedProgramView]]):
    """Let an organisation own one program more."""

    slug: str
    details: ProgramDetails


class AddProgramCommandHandler(CommandHandler[AddProgramCommand, OperationResult[OwnedProgramView]]):
    def __init__(self, organizations: OrganizationRepository, ids: AccessIds, clock: Clock) -> None:
        self._organizations = organizations
        self._ids = ids
        self._clock = clock

    async def handle_async(self, request: AddProgramCommand) -> OperationResult[OwnedProgramView]:
        found = await found_organization_async(self._organizations, request.slug)
        if isinstance(found, Refusal):
            return found
        number = await self._ids.next_async("program")
        found = await decided_organization_async(
            self._organizations,
            request.slug,
            lambda one: one.add_program(number, request.details, self._clock.now()),
        )
        return found if isinstance(found, Refusal) else self.created(program_view(found.state, number))
