"""List the events that a subscription gave up on, and those that wait behind them."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.paging import Cursor, Page, one_text
from application.kernel.refusals import missing
from application.kernel.subscriptions import ParkedEvent, Subscriptions


@dataclass(frozen=True, kw_only=True)
class ListParkedEventsQuery(Query[OperationResult[Page[ParkedEvent]]]):
    """List the events that a subscription gave up on, and those that wait behind them."""

    name: str
    limit: int
    cursor: str | None


class ListParkedEventsQueryHandler(QueryHandler[ListParkedEventsQuery, OperationResult[Page[ParkedEvent]]]):
    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    async def handle_async(self, request: ListParkedEventsQuery) -> OperationResult[Page[ParkedEvent]]:
        scope = f"parked {request.name}"
        after = one_text(Cursor.decode(request.cursor, scope)) if request.cursor else None
        events = await self._subscriptions.list_parked_async(request.name, request.limit + 1, after)
        if events is None:
            return missing("subscription", request.name)
        page = events[: request.limit]
        following = Cursor.encode([page[-1].id], scope) if len(events) > request.limit else None
        return self.ok(Page(page, following))
