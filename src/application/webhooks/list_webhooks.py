"""List the webhooks."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, BadCursorError, Cursor, Page
from application.webhooks.views import WebhookView, webhook_view
from domain.webhooks.repositories import WebhookRepository

_SCOPE = "webhooks"


@dataclass(frozen=True, kw_only=True)
class ListWebhooksQuery(Query[OperationResult[Page[WebhookView]]]):
    """Webhooks in the order of their registration."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListWebhooksQueryHandler(QueryHandler[ListWebhooksQuery, OperationResult[Page[WebhookView]]]):
    def __init__(self, webhooks: WebhookRepository) -> None:
        self._webhooks = webhooks

    async def handle_async(self, request: ListWebhooksQuery) -> OperationResult[Page[WebhookView]]:
        after = _after(request.cursor)
        views = [webhook_view(one) for one in await self._webhooks.get_all_async() if not one.state.removed]
        views.sort(key=_order)
        rest = [view for view in views if after is None or _order(view) > after]
        page = rest[: request.limit]
        more = len(rest) > len(page)
        return self.ok(Page(page, Cursor.encode(_order(page[-1]), _SCOPE) if more else None))


def _order(view: WebhookView) -> tuple[float, str]:
    return view.registered_at.timestamp(), view.webhook_id


def _after(cursor: str | None) -> tuple[float, str] | None:
    if cursor is None:
        return None
    values = Cursor.decode(cursor, _SCOPE)
    if len(values) != 2 or not isinstance(values[0], int | float) or not isinstance(values[1], str):
        raise BadCursorError
    return values[0], values[1]
