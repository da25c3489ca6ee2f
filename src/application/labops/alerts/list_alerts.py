"""List the alerts."""

from dataclasses import dataclass, field

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, Cursor, Page, newest_before
from application.labops.alerts.ports import AlertViews
from application.labops.alerts.views import AlertFilter, AlertView


@dataclass(frozen=True, kw_only=True)
class ListAlertsQuery(Query[OperationResult[Page[AlertView]]]):
    """Alerts, last raised first."""

    chosen: AlertFilter = field(default_factory=AlertFilter)
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListAlertsQueryHandler(QueryHandler[ListAlertsQuery, OperationResult[Page[AlertView]]]):
    def __init__(self, views: AlertViews) -> None:
        self._views = views

    async def handle_async(self, request: ListAlertsQuery) -> OperationResult[Page[AlertView]]:
        scope = f"alerts|{request.chosen}"
        before = newest_before(request.cursor, scope)
        found = await self._views.list_async(request.chosen, request.limit + 1, before)
        page = found[: request.limit]
        more = len(found) > len(page)
        return self.ok(Page(page, Cursor.encode([page[-1].raised_at, page[-1].alert_id], scope) if more else None))
