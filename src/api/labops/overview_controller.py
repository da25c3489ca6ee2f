"""``/overview``: everything that the dashboard's first page shows, once or as it changes."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from classy_fastapi import get
from fastapi import Depends, Header, Query, Request, Response
from neuroglia.mediation import Mediator
from pydantic import AwareDatetime, BaseModel, BeforeValidator, Field

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController
from api.kernel.guarded_route import principal_of
from api.kernel.problems import RefusedError
from api.kernel.server_sent_events import EventStreamResponse, ServerSentEvent
from api.kernel.shutdown import Shutdown
from application.kernel.refusals import Refusal, invalid
from application.labops.alerts.views import AlertView
from application.labops.live import LiveOverviews
from application.labops.metrics.metric import TooMuchAskedError
from application.labops.metrics.views import (
    ErrorsSeries,
    ErrorsView,
    Grain,
    SlaSeries,
    SlaView,
    ThroughputView,
    TurnAroundSeries,
    TurnAroundView,
    WipView,
)
from application.labops.overview import OverviewQuestion, Overviews, document_of
from domain.kernel.clock import Clock
from domain.labops.values import LONGEST_ASSAY, LONGEST_MACHINE_ID
from settings import LabopsSettings

_DURATION = re.compile(r"P[0-9.YMWD]{0,40}(T[0-9.HMS]{2,40})?")
_MESSAGE_ID = re.compile(r"[0-9a-f]{18}")


def _duration(value: object) -> object:
    if isinstance(value, str) and not _DURATION.fullmatch(value):
        raise ValueError("must be an ISO 8601 duration, e.g. P7D or PT24H")
    return value


Window = Annotated[
    Annotated[timedelta, BeforeValidator(_duration)] | None,
    Query(
        gt=timedelta(0), le=timedelta(days=3660), description="Back from now, ISO 8601, e.g. `PT24H`; not with `from`."
    ),
]
Begin = Annotated[datetime | None, Query(alias="from", description="First moment; without an offset the lab's time.")]
End = Annotated[datetime | None, Query(description="End, exclusive; without an offset the lab's time.")]
Assay = Annotated[str | None, Query(min_length=1, max_length=LONGEST_ASSAY, description="Only this assay.")]
MachineId = Annotated[str | None, Query(min_length=1, max_length=LONGEST_MACHINE_ID, description="Only this machine.")]


@dataclass(frozen=True, slots=True)
class _Asked:
    window: timedelta | None
    begin: datetime | None
    end: datetime | None
    assay: str | None
    machine_id: str | None


def _asked(
    window: Window = None, begin: Begin = None, to: End = None, assay: Assay = None, machine_id: MachineId = None
) -> _Asked:
    return _Asked(window, begin, to, assay, machine_id)


Wanted = Annotated[_Asked, Depends(_asked)]


class OverviewAnswer(BaseModel):
    """All of it, over one state of the table; `from` and `to` are null where they are open."""

    at: AwareDatetime
    position: int
    lag: int
    changed_at: AwareDatetime | None
    from_: Annotated[AwareDatetime | None, Field(alias="from")]
    to: AwareDatetime | None
    grain: Grain
    specimens: int
    assays: list[str]
    machines: list[str]
    tat: TurnAroundView
    throughput: ThroughputView
    errors: ErrorsView
    sla: SlaView
    wip: WipView
    tat_series: TurnAroundSeries
    errors_series: ErrorsSeries
    sla_series: SlaSeries
    alerts: list[AlertView]


class OverviewController(LabkeeperController):
    """The state of the lab as one answer: metrics, what is open, and the alerts that stand."""

    route_prefix = "/overview"

    def __init__(
        self,
        mediator: Mediator,
        overviews: Overviews,
        live: LiveOverviews,
        shutdown: Shutdown,
        clock: Clock,
        settings: LabopsSettings,
    ) -> None:
        super().__init__(mediator)
        self._overviews = overviews
        self._live = live
        self._shutdown = shutdown
        self._clock = clock
        self._zone = ZoneInfo(settings.timezone)

    @requires(Role.USER)
    @get("", response_model=OverviewAnswer)
    async def overview(self, wanted: Wanted) -> Response:
        """The state of the lab as it is now. Work in progress and open breaches are of now, whatever the time asked."""
        try:
            view = await self._overviews.compute_async(self._question(wanted))
        except TooMuchAskedError as error:
            raise RefusedError(invalid(error.field, error.rule)) from None
        return self.answer(200, document_of(view), {"Cache-Control": "no-cache"})

    @requires(Role.USER)
    @get("/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
    async def stream(
        self, request: Request, wanted: Wanted, last_event_id: Annotated[str | None, Header(max_length=100)] = None
    ) -> Response:
        """The state of the lab as it changes: events `overview`, whole each time; `tick` while nothing does; `trouble`.

        A change is told by a `glance` first: how many specimens there are, are completed, failed and open.

        With `Last-Event-ID` the overview that the client has already is not sent again.
        """
        if last_event_id and not _MESSAGE_ID.fullmatch(last_event_id):
            detail = "Last-Event-ID must be the id of an event of this stream"
            raise RefusedError(Refusal(400, "malformed-header", "Malformed header", detail))
        principal = principal_of(request)
        left = principal.expires_at - self._clock.now().timestamp() if principal else None
        source = self._events(self._question(wanted), last_event_id or None)
        return EventStreamResponse(source, self._shutdown, ends_after_seconds=left)

    async def _events(self, question: OverviewQuestion, known: str | None) -> AsyncIterator[ServerSentEvent]:
        async for message in self._live.follow_async(question, known):
            yield ServerSentEvent(message.body, message.message_id or None, message.kind)

    def _question(self, wanted: _Asked) -> OverviewQuestion:
        begin, end = self._moment(wanted.begin), self._moment(wanted.end)
        if wanted.window is not None and (begin is not None or end is not None):
            raise RefusedError(invalid("window", "must not be given together with from or to"))
        if begin is not None and end is not None and begin >= end:
            raise RefusedError(invalid("to", "must be later than from"))
        return OverviewQuestion(wanted.window, begin, end, wanted.assay, wanted.machine_id)

    def _moment(self, at: datetime | None) -> datetime | None:
        return at.replace(tzinfo=self._zone) if at is not None and at.tzinfo is None else at
