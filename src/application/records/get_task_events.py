"""Look at what happened to a task."""

from dataclasses import dataclass
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, BadCursorError, Cursor
from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from domain.records.kinds.task import TASK, Task
from domain.records.repositories import LabsRecordRepository
from domain.records.values import JsonValue


@dataclass(frozen=True, slots=True)
class TaskEventsPage:
    """A part of what happened to a task, and how old the answer is; see ``FoundRecords``."""

    items: list[JsonValue]
    next_cursor: str | None
    as_of: datetime | None
    stale_since: datetime | None


@dataclass(frozen=True, kw_only=True)
class GetTaskEventsQuery(Query[OperationResult[TaskEventsPage]]):
    """The events of a task, oldest first: they are only ever appended, so pages stay what they are."""

    task_id: int
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class GetTaskEventsQueryHandler(QueryHandler[GetTaskEventsQuery, OperationResult[TaskEventsPage]]):
    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def handle_async(self, request: GetTaskEventsQuery) -> OperationResult[TaskEventsPage]:
        what = f"task-events|{request.task_id}"
        start = _start(request.cursor, what)
        found = await self._records.find_one_async(current_request().actor, request.task_id)
        if found is None or not TASK.includes(found.record):
            return missing(TASK.name, str(request.task_id))
        events = Task(found.record).events
        end = start + request.limit
        cursor = Cursor.encode([end], what) if end < len(events) else None
        return self.ok(TaskEventsPage(events[start:end], cursor, found.as_of, found.stale_since))


def _start(cursor: str | None, what: str) -> int:
    if cursor is None:
        return 0
    values = Cursor.decode(cursor, what)
    if len(values) != 1 or type(values[0]) is not int or values[0] < 0:
        raise BadCursorError
    return values[0]
