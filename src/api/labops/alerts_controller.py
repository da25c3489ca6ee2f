"""``/alerts``: what is wrong, or was."""

from typing import Annotated

from classy_fastapi import get, post
from fastapi import Body, Path, Query, Request, Response
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.read_your_writes import ReadYourWrites
from api.labops.alerts_schemas import AcknowledgeAlertBody, AlertAnswer, AlertsPage
from api.labops.shaped_controller import ShapedController
from application.labops.alerts.acknowledge_alert import AcknowledgeAlertCommand
from application.labops.alerts.get_alert import GetAlertQuery
from application.labops.alerts.list_alerts import ListAlertsQuery
from application.labops.alerts.views import AlertFilter, AlertStatus

AlertId = Annotated[str, Path(max_length=80, description="Id of an alert: its rule's, and a number that counts up.")]
StatusFilter = Annotated[
    AlertStatus | None, Query(description="Only alerts that stand like this; `open` are those nobody acknowledged.")
]
Standing = Annotated[bool | None, Query(description="`true`: only those not resolved; `false`: only resolved ones.")]
AcknowledgeBody = Annotated[AcknowledgeAlertBody | None, Body(examples=[{"note": "M2 is being repaired"}])]
OfRule = Annotated[str | None, Query(max_length=64, description="Only alerts of this rule.")]


class AlertsController(ShapedController):
    """Alerts, last raised first."""

    route_prefix = "/alerts"
    tag = "Alerts"

    def __init__(self, mediator: Mediator, read_your_writes: ReadYourWrites) -> None:
        super().__init__(mediator)
        self._read_your_writes = read_your_writes

    @requires(Role.USER)
    @understands("X-Position")
    @get("", response_model=AlertsPage)
    async def list_alerts(
        self,
        request: Request,
        status: StatusFilter = None,
        standing: Standing = None,
        rule_id: OfRule = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Response:
        """List alerts, last raised first."""
        await self._read_your_writes.before_reading_async(request, "labops", "alerts")
        chosen = AlertFilter(status=status, standing=standing, rule_id=rule_id)
        query = ListAlertsQuery(chosen=chosen, limit=limit, cursor=cursor)
        return self.shaped(await self.mediator.execute_async(query), AlertsPage)

    @requires(Role.USER)
    @understands("X-Position")
    @get("/{alert_id}", response_model=AlertAnswer)
    async def get_alert(self, request: Request, alert_id: AlertId) -> Response:
        """Get one alert."""
        await self._read_your_writes.before_reading_async(request, "labops", "alerts")
        return self.shaped(await self.mediator.execute_async(GetAlertQuery(alert_id=alert_id)), AlertAnswer)

    @requires(Role.MANAGER)
    @sends(200, "X-Position")
    @post("/{alert_id}/acknowledge", response_model=AlertAnswer)
    async def acknowledge_alert(self, alert_id: AlertId, body: AcknowledgeBody = None) -> Response:
        """Say that somebody has seen it; who was first stays.

        It is told again only when it is over, or worse than the last message about it said: by its severity, or by a
        twentieth of that value or more. The rule's cool-down holds all the same.
        """
        command = AcknowledgeAlertCommand(alert_id=alert_id, note="" if body is None else body.note)
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        await self._read_your_writes.after_writing_async("labops", "alerts")
        return self.shaped(await self.mediator.execute_async(GetAlertQuery(alert_id=alert_id)), AlertAnswer)
