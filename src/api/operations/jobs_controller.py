"""``/jobs``: recurrent jobs and the record of their runs."""

from collections.abc import AsyncIterator
from typing import Annotated

from classy_fastapi import get, post
from fastapi import Path, Response
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.runs import RunAnswer, run_answer, run_path
from api.kernel.server_sent_events import EventStreamResponse, ServerSentEvent
from api.kernel.shutdown import Shutdown
from api.operations.schemas import (
    JobsAnswer,
    RunDetailsAnswer,
    RunsPage,
    job_answer,
    part_answer,
)
from application.kernel.jobs import JobRun
from application.operations.follow_run import FollowRunQuery
from application.operations.get_run import GetRunQuery
from application.operations.list_jobs import ListJobsQuery
from application.operations.list_runs import ListRunsQuery
from application.operations.run_job import RunJobCommand

TaskId = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$", description="Id of the job.", examples=["labs-refresh"])]
RunId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="Id of the run.")]


class JobsController(LabkeeperController):
    """Shows jobs, runs them by hand, and tells what each run did."""

    route_prefix = "/jobs"

    def __init__(self, mediator: Mediator, shutdown: Shutdown) -> None:
        super().__init__(mediator)
        self._shutdown = shutdown

    @requires(Role.USER)
    @get("", response_model=JobsAnswer)
    async def list_jobs(self) -> Response:
        """List the jobs."""
        result = await self.mediator.execute_async(ListJobsQuery())
        if not result.is_success:
            return self.process(result)
        return self.answer(200, JobsAnswer(items=[job_answer(job) for job in data_of(result)]))

    @requires(Role.MANAGER)
    @sends(202, "Location")
    @post("/{task_id}/run", status_code=202, response_model=RunAnswer)
    async def run_job(self, task_id: TaskId) -> Response:
        """Run a job now; the answer is the run, which goes on."""
        result = await self.mediator.execute_async(RunJobCommand(task_id=task_id))
        if result.status != 202:
            return self.process(result)
        run = data_of(result)
        return self.answer(202, run_answer(run), {"Location": run_path(run)})

    @requires(Role.USER)
    @get("/{task_id}/runs", response_model=RunsPage)
    async def list_runs(
        self, task_id: TaskId, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Response:
        """List the runs of a job, newest first."""
        result = await self.mediator.execute_async(ListRunsQuery(task_id=task_id, limit=limit, cursor=cursor))
        if result.status != 200:
            return self.process(result)
        page = data_of(result)
        return self.answer(200, RunsPage(items=[run_answer(run) for run in page.items], next_cursor=page.next_cursor))

    @requires(Role.USER)
    @get("/{task_id}/runs/{run_id}", response_model=RunDetailsAnswer)
    async def get_run(self, task_id: TaskId, run_id: RunId) -> Response:
        """Look at one run: what it did, worker by worker and lab by lab."""
        result = await self.mediator.execute_async(GetRunQuery(task_id=task_id, run_id=run_id))
        if result.status != 200:
            return self.process(result)
        run, parts = data_of(result)
        answer = {**run_answer(run).model_dump(), "parts": [part_answer(part).model_dump() for part in parts]}
        return self.answer(200, answer)

    @requires(Role.USER)
    @get(
        "/{task_id}/runs/{run_id}/stream",
        response_class=Response,
        responses={200: {"content": {"text/event-stream": {}}, "description": "Events named `progress`"}},
    )
    async def follow_run(self, task_id: TaskId, run_id: RunId) -> Response:
        """Follow a run as server-sent events, until it has ended."""
        result = await self.mediator.execute_async(FollowRunQuery(task_id=task_id, run_id=run_id))
        if result.status != 200:
            return self.process(result)
        return EventStreamResponse(_progress(data_of(result)), self._shutdown)


async def _progress(runs: AsyncIterator[JobRun]) -> AsyncIterator[ServerSentEvent]:
    async for run in runs:
        yield ServerSentEvent(run_answer(run).model_dump_json(), f"{run.run_id}.{run.parts_done}", "progress")
