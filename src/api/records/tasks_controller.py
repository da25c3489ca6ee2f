"""``/tasks``: what somebody has to look into about a worker, and what happened to it."""

from typing import Annotated

from classy_fastapi import get, patch, post
from fastapi import Query, Request, Response
from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import body_tag, expected_version, not_modified
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.query_strings import takes_other_parameters
from api.records.answers import encoded, page_of, tag_of, task_answer
from api.records.freshness import AGE_HEADERS, age_headers, one_headers
from api.records.outbox_answers import QUEUED, Prefer, accepted, can_wait
from api.records.parameters import TaskId, filters_of
from api.records.task_schemas import (
    AssignTaskBody,
    ChangeTaskBody,
    CommentBody,
    CreateTaskBody,
    CreateTasksBody,
    ResolveTaskBody,
    TaskAnswer,
    TaskEventsPageAnswer,
    TaskFilters,
    TasksAnswer,
    TasksPageAnswer,
    TaskStatusBody,
)
from application.records.assign_task import AssignTaskCommand
from application.records.change_task import ChangeTaskCommand
from application.records.comment_on_task import CommentOnTaskCommand
from application.records.create_tasks import CreateTasksCommand, NewTask
from application.records.get_record import GetRecordQuery
from application.records.get_task_events import GetTaskEventsQuery
from application.records.list_records import ListRecordsQuery
from application.records.move_task import MoveTaskCommand
from application.records.records_outbox import QueuedWrite
from application.records.resolve_task import ResolveTaskCommand
from application.records.task_filters import read_task_filters
from domain.kernel.clock import Clock
from domain.records.kinds.task import TASK
from domain.records.values import LabsRecord


class TasksController(LabkeeperController):
    """Tasks about workers. Whatever happens to one is appended to its events; changes at the same time all stay."""

    route_prefix = "/tasks"

    def __init__(self, mediator: Mediator, clock: Clock) -> None:
        super().__init__(mediator)
        self._clock = clock

    @requires(Role.USER)
    @takes_other_parameters
    @understands("If-None-Match")
    @sends(200, "ETag", *AGE_HEADERS)
    @get("", response_model=TasksPageAnswer)
    async def list_tasks(self, request: Request, asked: Annotated[TaskFilters, Query()]) -> Response:
        """List tasks of a scope. `data.<path>=<value>` filters as for `/records`."""
        wanted = read_task_filters(filters_of(request))
        query = ListRecordsQuery(asked=asked.asked, wanted=wanted, limit=asked.limit, cursor=asked.cursor)
        result = await self.mediator.execute_async(query)
        if not result.is_success:
            return self.process(result)
        page = data_of(result)
        body = page_of(map(task_answer, page.records), page.next_cursor)
        headers = {"ETag": body_tag(body), **age_headers(self._clock, page.as_of, page.stale_since)}
        return not_modified(request, headers["ETag"], headers) or self.answer(200, body, headers)

    @requires(Role.USER)
    @sends(201, "Location", "ETag", "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post("", status_code=201, response_model=TaskAnswer, responses={202: QUEUED})
    async def create_task(self, body: CreateTaskBody, prefer: Prefer = None) -> Response:
        """Create a task."""
        command = CreateTasksCommand(tasks=(NewTask(body.draft, body.scope),), can_wait=can_wait(prefer))
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        written = data_of(result)
        if isinstance(written, QueuedWrite):
            return accepted(written)
        [record] = written
        headers = {"Location": f"/api/v1/tasks/{record.id}", "ETag": tag_of(record)}
        return self.answer(201, encoded(task_answer(record)), headers)

    @requires(Role.USER)
    @sends(201, "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post("/batch", status_code=201, response_model=TasksAnswer, responses={202: QUEUED})
    async def create_tasks(self, body: CreateTasksBody, prefer: Prefer = None) -> Response:
        """Create many tasks, all of them or none; a refusal names the item that is to blame."""
        tasks = tuple(NewTask(item.draft, item.scope) for item in body.items)
        command = CreateTasksCommand(tasks=tasks, can_wait=can_wait(prefer), in_batch=True)
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        written = data_of(result)
        if isinstance(written, QueuedWrite):
            return accepted(written)
        return self.answer(201, encoded({"items": [task_answer(record) for record in written]}))

    @requires(Role.USER)
    @understands("If-None-Match")
    @sends(200, "ETag", *AGE_HEADERS)
    @get("/{task_id}", response_model=TaskAnswer)
    async def get_task(self, request: Request, task_id: TaskId) -> Response:
        """Get one task. Its `ETag` is what a change may name in `If-Match`."""
        result = await self.mediator.execute_async(GetRecordQuery(record_id=task_id, kind=TASK))
        if not result.is_success:
            return self.process(result)
        found = data_of(result)
        tag, headers = one_headers(self._clock, found)
        return not_modified(request, tag, headers) or self.answer(200, encoded(task_answer(found.record)), headers)

    @requires(Role.USER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @patch("/{task_id}", response_model=TaskAnswer, responses={202: QUEUED})
    async def change_task(
        self, request: Request, task_id: TaskId, body: ChangeTaskBody, prefer: Prefer = None
    ) -> Response:
        """Change title, description, priority, or the audit and workflow run that it is linked to."""
        command = ChangeTaskCommand(
            task_id=task_id, changes=body.given(), expected_version=expected_version(request), can_wait=can_wait(prefer)
        )
        return self._task(await self.mediator.execute_async(command))

    @requires(Role.USER)
    @sends(200, *AGE_HEADERS)
    @get("/{task_id}/events", response_model=TaskEventsPageAnswer)
    async def get_task_events(
        self, task_id: TaskId, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Response:
        """Everything that happened to a task, oldest first. Events are only ever appended."""
        result = await self.mediator.execute_async(GetTaskEventsQuery(task_id=task_id, limit=limit, cursor=cursor))
        if not result.is_success:
            return self.process(result)
        page = data_of(result)
        age = age_headers(self._clock, page.as_of, page.stale_since)
        return self.answer(200, page_of(page.items, page.next_cursor), age)

    @requires(Role.USER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post("/{task_id}/assign", response_model=TaskAnswer, responses={202: QUEUED})
    async def assign_task(
        self, request: Request, task_id: TaskId, body: AssignTaskBody, prefer: Prefer = None
    ) -> Response:
        """Say whose turn it is."""
        command = AssignTaskCommand(
            task_id=task_id,
            to=body.assigned_to_type,
            name=body.assigned_to_name,
            expected_version=expected_version(request),
            can_wait=can_wait(prefer),
        )
        return self._task(await self.mediator.execute_async(command))

    @requires(Role.USER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post("/{task_id}/comment", response_model=TaskAnswer, responses={202: QUEUED})
    async def comment_on_task(
        self, request: Request, task_id: TaskId, body: CommentBody, prefer: Prefer = None
    ) -> Response:
        """Say something about a task."""
        command = CommentOnTaskCommand(
            task_id=task_id, comment=body.comment, expected_version=expected_version(request), can_wait=can_wait(prefer)
        )
        return self._task(await self.mediator.execute_async(command))

    @requires(Role.USER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post("/{task_id}/status", response_model=TaskAnswer, responses={202: QUEUED})
    async def move_task(
        self, request: Request, task_id: TaskId, body: TaskStatusBody, prefer: Prefer = None
    ) -> Response:
        """Move a task to another status; 409 when it cannot go there from where it is."""
        command = MoveTaskCommand(
            task_id=task_id, status=body.status, expected_version=expected_version(request), can_wait=can_wait(prefer)
        )
        return self._task(await self.mediator.execute_async(command))

    @requires(Role.USER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post("/{task_id}/resolve", response_model=TaskAnswer, responses={202: QUEUED})
    async def resolve_task(
        self, request: Request, task_id: TaskId, body: ResolveTaskBody, prefer: Prefer = None
    ) -> Response:
        """Close a task and say what was decided."""
        command = ResolveTaskCommand(
            task_id=task_id,
            official_action=body.official_action,
            resolution_note=body.resolution_note,
            expected_version=expected_version(request),
            can_wait=can_wait(prefer),
        )
        return self._task(await self.mediator.execute_async(command))

    def _task(self, result: OperationResult[LabsRecord | QueuedWrite]) -> Response:
        if not result.is_success:
            return self.process(result)
        record = data_of(result)
        if isinstance(record, QueuedWrite):
            return accepted(record)
        return self.answer(200, encoded(task_answer(record)), {"ETag": tag_of(record)})
