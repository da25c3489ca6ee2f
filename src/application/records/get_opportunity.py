"""Look at an opportunity."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from application.records.opportunities import FoundOpportunity, Opportunities


@dataclass(frozen=True, kw_only=True)
class GetOpportunityQuery(Query[OperationResult[FoundOpportunity]]):
    """One opportunity, in the shape of the system of record, and how old the answer is."""

    opportunity_id: int


class GetOpportunityQueryHandler(QueryHandler[GetOpportunityQuery, OperationResult[FoundOpportunity]]):
    def __init__(self, opportunities: Opportunities) -> None:
        self._opportunities = opportunities

    async def handle_async(self, request: GetOpportunityQuery) -> OperationResult[FoundOpportunity]:
        found = await self._opportunities.find_async(current_request().actor, request.opportunity_id)
        return missing("opportunity", str(request.opportunity_id)) if found is None else self.ok(found)
