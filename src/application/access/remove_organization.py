"""Remove an organisation."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_organization_async
from application.access.places_with_records import records_in_organization_async
from application.contracts.kept_records import KeptRecords
from application.kernel.refusals import Refusal
from domain.access.repositories import OrganizationRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class RemoveOrganizationCommand(Command[OperationResult[None]]):
    """Let there be no such organisation any more; its programs, opportunities and memberships end.

    Neither it nor they may hold records.
    """

    slug: str
    expected_version: int | None = None


class RemoveOrganizationCommandHandler(CommandHandler[RemoveOrganizationCommand, OperationResult[None]]):
    def __init__(self, organizations: OrganizationRepository, records: KeptRecords, clock: Clock) -> None:
        self._organizations = organizations
        self._records = records
        self._clock = clock

    async def handle_async(self, request: RemoveOrganizationCommand) -> OperationResult[None]:
        found = await decided_organization_async(
            self._organizations,
            request.slug,
            lambda one: one.remove(self._clock.now()),
            request.expected_version,
            lambda one: records_in_organization_async(self._records, one),
        )
        return found if isinstance(found, Refusal) else self.no_content()
