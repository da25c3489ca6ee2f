"""Change a program."""

from dataclasses import dataclass, field, replace
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_organization_async
from application.access.views import OwnedProgramView, program_view
from application.kernel.refusals import Refusal
from domain.access.repositories import OrganizationRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class ChangeProgramCommand(Command[OperationResult[OwnedProgramView]]):
    """Change what is given: ``name``, ``delivery_type``, ``currency``."""

    slug: str
    program_id: int
    changes: dict[str, Any] = field(default_factory=dict)


class ChangeProgramCommandHandler(CommandHandler[ChangeProgramCommand, OperationResult[OwnedProgramView]]):
    def __init__(self, organizations: OrganizationRepository, clock: Clock) -> None:
        self._organizations = organizations
        self._clock = clock

    async def handle_async(self, request: ChangeProgramCommand) -> OperationResult[OwnedProgramView]:
        number = request.program_id
        found = await decided_organization_async(
            self._organizations,
            request.slug,
            lambda one: one.change_program(number, replace(one.program(number), **request.changes), self._clock.now()),
        )
        return found if isinstance(found, Refusal) else self.ok(program_view(found.state, number))
