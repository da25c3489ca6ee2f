"""Look at what happened to a record."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, BadCursorError, Cursor, Page
from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from application.records.record_histories import HistoryAge, RecordHistories, RecordHistoryEntry


@dataclass(frozen=True, slots=True)
class RecordHistory:
    """A part of a history, and how old what is known of the record is."""

    page: Page[RecordHistoryEntry]
    age: HistoryAge


@dataclass(frozen=True, kw_only=True)
class GetRecordHistoryQuery(Query[OperationResult[RecordHistory]]):
    """The history of a record, newest first."""

    record_id: int
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class GetRecordHistoryQueryHandler(QueryHandler[GetRecordHistoryQuery, OperationResult[RecordHistory]]):
    def __init__(self, histories: RecordHistories) -> None:
        self._histories = histories

    async def handle_async(self, request: GetRecordHistoryQuery) -> OperationResult[RecordHistory]:
        what = f"record-history|{request.record_id}"
        before = _before(request.cursor, what)
        actor = current_request().actor
        age = await self._histories.age_async(actor, request.record_id)
        entries = await self._histories.entries_async(actor, request.record_id, limit=request.limit + 1, before=before)
        if entries is None:
            return missing("record", str(request.record_id))
        page = entries[: request.limit]
        cursor = Cursor.encode([page[-1].version], what) if len(entries) > len(page) else None
        return self.ok(RecordHistory(Page(page, cursor), age))


def _before(cursor: str | None, what: str) -> int | None:
    if cursor is None:
        return None
    values = Cursor.decode(cursor, what)
    if len(values) != 1 or type(values[0]) is not int or values[0] < 1:
        raise BadCursorError
    return values[0]
