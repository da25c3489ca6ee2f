"""List records."""

from dataclasses import dataclass
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.contracts.labs_context import NOTHING_ASKED, AskedContext
from application.kernel.paging import DEFAULT_LIMIT, BadCursorError, Cursor
from application.kernel.request_context import current_request
from application.records.finding_again import Again, ScopeMarks, finding_again_async
from application.records.scopes import Scopes
from domain.records.conditions import EVERYTHING, RecordFilter
from domain.records.repositories import LabsRecordRepository
from domain.records.values import LabsRecord, RecordScope


@dataclass(frozen=True, slots=True)
class RecordsPage:
    """A part of the records that are wanted, and how old the answer is; see ``FoundRecords``.

    Attributes:
        again: tells whether the same may be answered again; None when that is never known.
    """

    records: tuple[LabsRecord, ...]
    next_cursor: str | None
    as_of: datetime | None
    stale_since: datetime | None
    again: Again | None = None


@dataclass(frozen=True, kw_only=True)
class ListRecordsQuery(Query[OperationResult[RecordsPage]]):
    """Records of a scope in the order of their ids.

    Attributes:
        asked: the scope; when nothing is named, where whoever asks works, and the public records if that is nowhere.
    """

    asked: AskedContext = NOTHING_ASKED
    wanted: RecordFilter = EVERYTHING
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListRecordsQueryHandler(QueryHandler[ListRecordsQuery, OperationResult[RecordsPage]]):
    def __init__(self, records: LabsRecordRepository, scopes: Scopes, marks: ScopeMarks) -> None:
        self._records = records
        self._scopes = scopes
        self._marks = marks

    async def handle_async(self, request: ListRecordsQuery) -> OperationResult[RecordsPage]:
        async def meant() -> RecordScope:
            return await self._scopes.meant_async(request.asked, request.wanted)

        scope = await meant()
        what = f"records|{scope}|{request.wanted}"
        after = _after(request.cursor, what)
        again = await finding_again_async(self._marks, scope, meant)
        found = await self._records.find_async(
            current_request().actor, scope, request.wanted, after=after, limit=request.limit + 1
        )
        page = found.records[: request.limit]
        more = len(found.records) > len(page)
        cursor = Cursor.encode([page[-1].id], what) if more else None
        return self.ok(RecordsPage(page, cursor, found.as_of, found.stale_since, again))


def _after(cursor: str | None, what: str) -> int:
    if cursor is None:
        return 0
    values = Cursor.decode(cursor, what)
    if len(values) != 1 or type(values[0]) is not int or values[0] < 0:
        raise BadCursorError
    return values[0]
