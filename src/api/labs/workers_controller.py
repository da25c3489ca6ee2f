"""``/workers``: the controllers whose labs are kept track of."""

from typing import Annotated
from urllib.parse import quote

from classy_fastapi import delete, get, patch, post
from fastapi import Header, Query, Request, Response
from neuroglia.core import OperationResult
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import content_tag, expected_version, not_modified, version_tag
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.read_your_writes import ReadYourWrites
from api.kernel.remembered_answers import RememberedAnswer
from api.kernel.runs import RunAnswer, run_answer, run_path
from api.labs.freshness import STALE_SINCE, Freshness
from api.labs.parameters import Region, WorkerIdPath, WorkerStatus
from api.labs.schemas import ChangeWorkerBody, LabItem, RefreshAnswer, RegisterWorkerBody, WorkerAnswer, WorkersPage
from application.kernel.credentials import Credentials
from application.kernel.jobs import JobRun
from application.labs.change_worker import ChangeWorkerCommand
from application.labs.decommission_worker import DecommissionWorkerCommand
from application.labs.get_worker import GetWorkerQuery
from application.labs.get_worker_labs import GetWorkerLabsQuery
from application.labs.list_workers import ListWorkersQuery
from application.labs.refresh_all_workers import RefreshAllWorkersCommand
from application.labs.refresh_report import RefreshReport
from application.labs.refresh_worker_labs import RefreshWorkerLabsCommand
from application.labs.register_worker import RegisterWorkerCommand
from application.labs.start_worker_refresh import StartWorkerRefreshCommand
from domain.kernel.clock import Clock
from settings import LabsSettings

LOG = "labs"
IN_REGION = "/region/{region}/workers"
ONE = IN_REGION + "/{worker_id}"


class WorkersController(LabkeeperController):
    """Registers, changes and refreshes workers, and lists their labs from our own store."""

    route_prefix = "/workers"

    def __init__(self, mediator: Mediator, reading: ReadYourWrites, clock: Clock, settings: LabsSettings) -> None:
        super().__init__(mediator)
        self._reading = reading
        self._freshness = Freshness(clock)
        self._history_size = settings.max_history_size

    @requires(Role.ADMIN)
    @sends(201, "Location", "ETag", "X-Position")
    @post(IN_REGION, status_code=201, response_model=WorkerAnswer)
    async def register_worker(self, region: Region, body: RegisterWorkerBody) -> Response:
        """Register a controller. Its first refresh starts at once if it is active."""
        command = RegisterWorkerCommand(
            name=body.name,
            region=region,
            endpoint_url=body.endpoint_url,
            credentials=Credentials(body.username, body.password),
            verify_tls=body.verify_tls,
            active=body.active,
            max_history_size=body.max_history_size or self._history_size,
        )
        result = await self.mediator.execute_async(command)
        await self._reading.after_writing_async(LOG, "workers")
        if result.status != 201:
            return self.process(result)
        path = f"/api/v1/workers/region/{quote(region, safe='')}/workers/{data_of(result).worker_id}"
        return self.process(result, {"Location": path, "ETag": version_tag(data_of(result).version)})

    @requires(Role.USER)
    @understands("X-Position")
    @get(IN_REGION, response_model=WorkersPage)
    async def list_workers(
        self,
        request: Request,
        region: Region,
        status: WorkerStatus = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Response:
        """List the workers of a region by name."""
        await self._reading.before_reading_async(request, LOG, "workers")
        query = ListWorkersQuery(region=region, status=status, limit=limit, cursor=cursor)
        return self.process(await self.mediator.execute_async(query))

    @requires(Role.USER)
    @understands("X-Position")
    @get("", response_model=WorkersPage)
    async def list_all_workers(
        self,
        request: Request,
        status: WorkerStatus = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Response:
        """List the workers of all regions by name."""
        await self._reading.before_reading_async(request, LOG, "workers")
        query = ListWorkersQuery(region=None, status=status, limit=limit, cursor=cursor)
        return self.process(await self.mediator.execute_async(query))

    @requires(Role.USER)
    @understands("X-Position")
    @sends(200, "ETag")
    @get(ONE, response_model=WorkerAnswer)
    async def get_worker(self, request: Request, region: Region, worker_id: WorkerIdPath) -> Response:
        """Look at one worker."""
        await self._reading.before_reading_async(request, LOG, "workers")
        result = await self.mediator.execute_async(GetWorkerQuery(region=region, worker_id=worker_id))
        return self.process(result, {"ETag": version_tag(data_of(result).version)} if result.status == 200 else None)

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @patch(ONE, response_model=WorkerAnswer)
    async def change_worker(
        self, request: Request, region: Region, worker_id: WorkerIdPath, body: ChangeWorkerBody
    ) -> Response:
        """Change a worker. With `If-Match` only if nobody else changed it meanwhile."""
        given = body.model_dump(exclude_none=True)
        command = ChangeWorkerCommand(
            region=region,
            worker_id=worker_id,
            username=given.pop("username", None),
            password=given.pop("password", None),
            changes=given,
            expected_version=expected_version(request),
        )
        result = await self.mediator.execute_async(command)
        await self._reading.after_writing_async(LOG, "workers")
        return self.process(result, {"ETag": version_tag(data_of(result).version)} if result.status == 200 else None)

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(204, "X-Position")
    @delete(ONE, status_code=204)
    async def decommission_worker(self, request: Request, region: Region, worker_id: WorkerIdPath) -> Response:
        """Stop keeping track of a worker. Its records become removed; their history stays."""
        command = DecommissionWorkerCommand(
            region=region, worker_id=worker_id, expected_version=expected_version(request)
        )
        result = await self.mediator.execute_async(command)
        await self._reading.after_writing_async(LOG, "workers")
        return self.process(result)

    @requires(Role.USER)
    @understands("If-None-Match", "X-Position")
    @sends(200, "ETag", "Age", "Last-Modified", STALE_SINCE)
    @get(ONE + "/labs", response_model=list[LabItem])
    async def get_worker_labs(
        self,
        request: Request,
        region: Region,
        worker_id: WorkerIdPath,
        include_removed: Annotated[bool, Query(description="Also labs that are gone.")] = False,
    ) -> Response:
        """List a worker's labs from our own store. Headers say how old the answer is."""
        await self._reading.before_reading_async(request, LOG, "workers")
        await self._reading.before_reading_async(request, LOG, "lab_records")
        result = await self.mediator.execute_async(GetWorkerLabsQuery(region, worker_id, include_removed))
        if result.status != 200:
            return self.process(result)
        answer = data_of(result)
        tag = content_tag(answer.tag)

        def headers() -> dict[str, str]:
            return {"ETag": tag, **self._freshness.headers(answer.last_synced_at, answer.stale_since)}

        async def renewed() -> dict[str, str] | None:
            return headers() if answer.is_current() else None

        return not_modified(request, tag, headers()) or RememberedAnswer(answer.body, headers(), renewed)

    @requires(Role.MANAGER)
    @sends(200, "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post(
        ONE + "/labs/refresh",
        response_model=RefreshAnswer,
        responses={202: {"model": RunAnswer, "description": "With `Prefer: respond-async`: the run"}},
    )
    async def refresh_worker_labs(
        self,
        region: Region,
        worker_id: WorkerIdPath,
        dry_run: Annotated[bool, Query(description="Only say what would change.")] = False,
        prefer: Annotated[str | None, Header(max_length=200, description="`respond-async` for a run.")] = None,
    ) -> Response:
        """Refresh a worker's labs now."""
        if not dry_run and prefer is not None and "respond-async" in prefer.lower():
            command = StartWorkerRefreshCommand(region=region, worker_id=worker_id)
            return self._run(await self.mediator.execute_async(command), {"Preference-Applied": "respond-async"})
        result = await self.mediator.execute_async(
            RefreshWorkerLabsCommand(region=region, worker_id=worker_id, dry_run=dry_run)
        )
        await self._reading.after_writing_async(LOG, "lab_records")
        await self._reading.after_writing_async(LOG, "workers")
        if result.status != 200:
            return self.process(result)
        return self.answer(200, _refresh_answer(data_of(result)))

    @requires(Role.MANAGER)
    @sends(202, "Location")
    @post("/refresh", status_code=202, response_model=RunAnswer)
    async def refresh_all_workers(self) -> Response:
        """Refresh all active workers: a run."""
        return self._run(await self.mediator.execute_async(RefreshAllWorkersCommand()), {})

    def _run(self, result: OperationResult[JobRun], headers: dict[str, str]) -> Response:
        if result.status != 202 or result.data is None:
            return self.process(result)
        run = result.data
        return self.answer(202, run_answer(run), {**headers, "Location": run_path(run)})


def _refresh_answer(report: RefreshReport) -> dict[str, object]:
    return {
        "worker_id": report.worker_id,
        **report.counts(),
        "held": report.held,
        "failures": report.failures,
        "incomplete_reason": report.incomplete_reason,
        "changes": report.changes,
        "dry_run": report.dry_run,
        "duration_ms": report.duration_ms,
        "timestamp": report.timestamp,
    }
