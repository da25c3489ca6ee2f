"""Remove a program."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_organization_async
from application.access.places_with_records import records_in_program_async
from application.contracts.kept_records import KeptRecords
from application.kernel.refusals import Refusal
from domain.access.repositories import OrganizationRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class RemoveProgramCommand(Command[OperationResult[None]]):
    """Remove a program that holds no records; opportunities that named it stay, without one."""

    slug: str
    program_id: int


class RemoveProgramCommandHandler(CommandHandler[RemoveProgramCommand, OperationResult[None]]):
    def __init__(self, organizations: OrganizationRepository, records: KeptRecords, clock: Clock) -> None:
        self._organizations = organizations
        self._records = records
        self._clock = clock

    async def handle_async(self, request: RemoveProgramCommand) -> OperationResult[None]:
        found = await decided_organization_async(
            self._organizations,
            request.slug,
            lambda one: one.remove_program(request.program_id, self._clock.now()),
            objection=lambda one: records_in_program_async(self._records, one, request.program_id),
        )
        return found if isinstance(found, Refusal) else self.no_content()
