"""List the alerts."""

from dataclasses import dataclass, field
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, BadCursorError, Cursor, Page
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


def newest_before(cursor: str | None, scope: str) -> tuple[datetime, str] | None:
    """Return the time and the id that a page of a list, newest first, ended with; None without a cursor.

    Raises:
        BadCursorError: the cursor is not one of this list.
    """
    if cursor is None:
        return None
    values = Cursor.decode(cursor, scope)
    if len(values) != 2 or not isinstance(values[0], datetime) or not isinstance(values[1], str):
        raise BadCursorError
    return values[0], values[1]
