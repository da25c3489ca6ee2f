"""Look at an opportunity."""

from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from application.records.opportunities import Opportunities


@dataclass(frozen=True, kw_only=True)
class GetOpportunityQuery(Query[OperationResult[dict[str, Any]]]):
    """One opportunity, in the shape of the system of record."""

    opportunity_id: int


class GetOpportunityQueryHandler(QueryHandler[GetOpportunityQuery, OperationResult[dict[str, Any]]]):
    def __init__(self, opportunities: Opportunities) -> None:
        self._opportunities = opportunities

    async def handle_async(self, request: GetOpportunityQuery) -> OperationResult[dict[str, Any]]:
        details = await self._opportunities.details_async(current_request().actor, request.opportunity_id)
        return missing("opportunity", str(request.opportunity_id)) if details is None else self.ok(details)
