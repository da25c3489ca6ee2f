"""List the channels."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, Page
from application.labops.alerts.small_lists import page_of
from application.labops.alerts.views import AlertChannelView, channel_view
from domain.labops.alert_repositories import AlertChannelRepository


@dataclass(frozen=True, kw_only=True)
class ListAlertChannelsQuery(Query[OperationResult[Page[AlertChannelView]]]):
    """Channels in the order of their registration."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListAlertChannelsQueryHandler(QueryHandler[ListAlertChannelsQuery, OperationResult[Page[AlertChannelView]]]):
    def __init__(self, channels: AlertChannelRepository) -> None:
        self._channels = channels

    async def handle_async(self, request: ListAlertChannelsQuery) -> OperationResult[Page[AlertChannelView]]:
        views = [channel_view(one) for one in await self._channels.get_all_async() if not one.state.removed]
        return self.ok(
            page_of(
                views,
                lambda one: (one.registered_at.timestamp(), one.channel_id),
                request.limit,
                request.cursor,
                "alert-channels",
            )
        )
