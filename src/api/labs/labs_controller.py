"""``/labs``: every lab of every worker, as it is, as it was, and how it spent its time."""

from datetime import timedelta
from typing import Annotated

from classy_fastapi import get
from fastapi import Query, Request, Response
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import body_tag, not_modified, version_tag
from api.kernel.controller import LabkeeperController, data_of, to_json_bytes
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.read_your_writes import ReadYourWrites
from api.labs.freshness import STALE_SINCE, Freshness
from api.labs.parameters import (
    AsOf,
    OwnerQuery,
    RecordIdPath,
    RegionQuery,
    Sort,
    StateQuery,
    TextQuery,
    Window,
    WorkerIdQuery,
)
from api.labs.schemas import LabDetailsAnswer, LabHistoryPage, LabMetricsAnswer, LabsPage
from application.labs.get_lab import GetLabQuery
from application.labs.get_lab_history import GetLabHistoryQuery
from application.labs.get_lab_metrics import GetLabMetricsQuery, LabMetrics
from application.labs.list_labs import ListLabsQuery
from application.labs.views import LabFilter
from domain.kernel.clock import Clock

LOG = "labs"
MODEL = "lab_records"
WORKERS = "workers"
WEEK = timedelta(days=7)


class LabsController(LabkeeperController):
    """Reads labs from our own store, also while their workers are down."""

    route_prefix = "/labs"

    def __init__(self, mediator: Mediator, reading: ReadYourWrites, clock: Clock) -> None:
        super().__init__(mediator)
        self._reading = reading
        self._freshness = Freshness(clock)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag")
    @get("", response_model=LabsPage)
    async def list_labs(
        self,
        request: Request,
        region: RegionQuery = None,
        worker: WorkerIdQuery = None,
        state: StateQuery = None,
        owner: OwnerQuery = None,
        q: TextQuery = None,
        include_removed: Annotated[bool, Query(description="Also labs that are gone.")] = False,
        sort: Sort = "title",
        limit: Limit = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Response:
        """List labs of all workers. With `If-None-Match` only if anything in the answer has changed."""
        await self._reading.before_reading_async(request, LOG, WORKERS)
        await self._reading.before_reading_async(request, LOG, MODEL)
        wanted = LabFilter(region, worker, state, owner, q, include_removed)
        query = ListLabsQuery(wanted=wanted, sort=sort, limit=limit, cursor=cursor)
        result = await self.mediator.execute_async(query)
        if result.status != 200:
            return self.process(result)
        body = to_json_bytes(data_of(result))
        tag = body_tag(body)
        return not_modified(request, tag) or self.answer(200, body, {"ETag": tag})

    @requires(Role.USER)
    @understands("X-Position")
    @sends(200, "ETag", "Age", "Last-Modified", STALE_SINCE)
    @get("/{record_id}", response_model=LabDetailsAnswer)
    async def get_lab(self, request: Request, record_id: RecordIdPath, as_of: AsOf = None) -> Response:
        """Look at one lab with its last operations; with `as_of` as it was then."""
        await self._reading.before_reading_async(request, LOG, WORKERS)
        await self._reading.before_reading_async(request, LOG, MODEL)
        result = await self.mediator.execute_async(GetLabQuery(record_id=record_id, as_of=as_of))
        if result.status != 200:
            return self.process(result)
        lab = data_of(result)
        headers = {"ETag": version_tag(lab.version), **self._freshness.headers(lab.last_synced_at, lab.stale_since)}
        answer = {**lab.fields, "version": lab.version, "operation_history": lab.operation_history}
        return self.answer(200, answer, headers)

    @requires(Role.USER)
    @get("/{record_id}/history", response_model=LabHistoryPage)
    async def get_lab_history(
        self, record_id: RecordIdPath, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Response:
        """Everything that ever happened to a lab, newest first."""
        query = GetLabHistoryQuery(record_id=record_id, limit=limit, cursor=cursor)
        return self.process(await self.mediator.execute_async(query))

    @requires(Role.USER)
    @get("/{record_id}/metrics", response_model=LabMetricsAnswer)
    async def get_lab_metrics(self, request: Request, record_id: RecordIdPath, window: Window = WEEK) -> Response:
        """Share of time in each state, transitions per day, time since the last change, from the events."""
        result = await self.mediator.execute_async(GetLabMetricsQuery(record_id=record_id, window=window))
        if result.status != 200:
            return self.process(result)
        return self.answer(200, _metrics_answer(data_of(result), request.query_params.get("window", "P7D")))


def _metrics_answer(metrics: LabMetrics, window: str) -> dict[str, object]:
    return {
        "window": window,
        "from": metrics.start,
        "to": metrics.end,
        "time_in_state": {
            state: {"seconds": seconds, "share": metrics.share_in_state[state]}
            for state, seconds in metrics.seconds_in_state.items()
        },
        "transitions": metrics.transitions,
        "transitions_per_day": metrics.transitions_per_day,
        "last_changed_at": metrics.last_changed_at,
        "seconds_since_change": metrics.seconds_since_change,
    }
