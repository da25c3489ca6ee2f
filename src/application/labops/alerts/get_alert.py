"""Look at one alert."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.alerts.ports import AlertViews
from application.labops.alerts.views import AlertView


@dataclass(frozen=True, kw_only=True)
class GetAlertQuery(Query[OperationResult[AlertView]]):
    """One alert."""

    alert_id: str


class GetAlertQueryHandler(QueryHandler[GetAlertQuery, OperationResult[AlertView]]):
    def __init__(self, views: AlertViews) -> None:
        self._views = views

    async def handle_async(self, request: GetAlertQuery) -> OperationResult[AlertView]:
        view = await self._views.get_async(request.alert_id)
        return missing("alert", request.alert_id) if view is None else self.ok(view)
