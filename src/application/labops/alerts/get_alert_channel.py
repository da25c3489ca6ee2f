"""Look at one channel."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.alerts.views import AlertChannelView, channel_view
from domain.labops.alert_repositories import AlertChannelRepository


@dataclass(frozen=True, kw_only=True)
class GetAlertChannelQuery(Query[OperationResult[AlertChannelView]]):
    """One channel, without its address."""

    channel_id: str


class GetAlertChannelQueryHandler(QueryHandler[GetAlertChannelQuery, OperationResult[AlertChannelView]]):
    def __init__(self, channels: AlertChannelRepository) -> None:
        self._channels = channels

    async def handle_async(self, request: GetAlertChannelQuery) -> OperationResult[AlertChannelView]:
        channel = await self._channels.get_async(request.channel_id)
        if channel is None or channel.state.removed:
            return missing("alert channel", request.channel_id)
        return self.ok(channel_view(channel))
