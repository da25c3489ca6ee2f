"""Change an organisation."""

from dataclasses import dataclass, field, replace
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.deciding import decided_organization_async
from application.access.views import OwnerView, owner_view
from application.kernel.refusals import Refusal
from domain.access.repositories import OrganizationRepository
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class ChangeOrganizationCommand(Command[OperationResult[OwnerView]]):
    """Change what is given: ``name``, ``funder``. The slug stays for good."""

    slug: str
    changes: dict[str, Any] = field(default_factory=dict)
    expected_version: int | None = None


class ChangeOrganizationCommandHandler(CommandHandler[ChangeOrganizationCommand, OperationResult[OwnerView]]):
    def __init__(self, organizations: OrganizationRepository, clock: Clock) -> None:
        self._organizations = organizations
        self._clock = clock

    async def handle_async(self, request: ChangeOrganizationCommand) -> OperationResult[OwnerView]:
        found = await decided_organization_async(
            self._organizations,
            request.slug,
            lambda one: one.change(replace(one.state.details, **request.changes), self._clock.now()),
            request.expected_version,
        )
        return found if isinstance(found, Refusal) else self.ok(owner_view(found))
