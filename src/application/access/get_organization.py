"""Look at one organisation."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.access.deciding import found_organization_async
from application.access.views import OwnerView, owner_view
from application.kernel.refusals import Refusal
from domain.access.repositories import OrganizationRepository


@dataclass(frozen=True, kw_only=True)
class GetOrganizationQuery(Query[OperationResult[OwnerView]]):
    """One organisation with its programs and opportunities."""

    slug: str


class GetOrganizationQueryHandler(QueryHandler[GetOrganizationQuery, OperationResult[OwnerView]]):
    def __init__(self, organizations: OrganizationRepository) -> None:
        self._organizations = organizations

    async def handle_async(self, request: GetOrganizationQuery) -> OperationResult[OwnerView]:
        found = await found_organization_async(self._organizations, request.slug)
        return found if isinstance(found, Refusal) else self.ok(owner_view(found))
