"""Create an organisation."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.access.views import OwnerView, owner_view
from application.kernel.refusals import taken
from application.kernel.request_context import current_request
from domain.access.details import OrganizationDetails
from domain.access.organization import Organization
from domain.access.repositories import AccessIds, OrganizationRepository
from domain.access.rules import check_slug
from domain.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class CreateOrganizationCommand(Command[OperationResult[OwnerView]]):
    """Let there be an organisation; its integer id is the next one that is free."""

    slug: str
    name: str
    funder: bool = False


class CreateOrganizationCommandHandler(CommandHandler[CreateOrganizationCommand, OperationResult[OwnerView]]):
    def __init__(self, organizations: OrganizationRepository, ids: AccessIds, clock: Clock) -> None:
        self._organizations = organizations
        self._ids = ids
        self._clock = clock

    async def handle_async(self, request: CreateOrganizationCommand) -> OperationResult[OwnerView]:
        check_slug(request.slug)
        details = OrganizationDetails(name=request.name, funder=request.funder)
        organization = await self._organizations.get_async(request.slug) or Organization()
        if organization.state.state_version and not organization.state.removed:
            if current_request().repeatable and organization.state.details == details:
                return self.created(owner_view(organization))
            return taken("slug", "is another organization's")
        organization.create(request.slug, await self._ids.next_async("organization"), details, self._clock.now())
        await self._organizations.update_async(organization)
        return self.created(owner_view(organization))
