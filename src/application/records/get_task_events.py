"""Look at what happened to a task."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, BadCursorError, Cursor, Page
from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from domain.records.kinds.task import TASK, Task
from domain.records.repositories import LabsRecordRepository
from domain.records.values import JsonValue


@dataclass(frozen=True, kw_only=True)
class GetTaskEventsQuery(Query[OperationResult[Page[JsonValue]]]):
    """The events of a task, oldest first: they are only ever appended, so pages stay what they are."""

    task_id: int
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class GetTaskEventsQueryHandler(QueryHandler[GetTaskEventsQuery, OperationResult[Page[JsonValue]]]):
    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def handle_async(self, request: GetTaskEventsQuery) -> OperationResult[Page[JsonValue]]:
        what = f"task-events|{request.task_id}"
        start = _start(request.cursor, what)
        record = await self._records.get_async(current_request().actor, request.task_id)
        if record is None or not TASK.includes(record):
            return missing(TASK.name, str(request.task_id))
        events = Task(record).events
        end = start + request.limit
        return self.ok(Page(events[start:end], Cursor.encode([end], what) if end < len(events) else None))


def _start(cursor: str | None, what: str) -> int:
    if cursor is None:
        return 0
    values = Cursor.decode(cursor, what)
    if len(values) != 1 or type(values[0]) is not int or values[0] < 0:
        raise BadCursorError
    return values[0]
