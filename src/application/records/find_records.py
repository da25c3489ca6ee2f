"""Find all records of a scope at once, as the system of record answers them."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.request_context import current_request
from application.records.finding_again import Again, ScopeMarks, finding_again_async
from domain.records.conditions import EVERYTHING, RecordFilter
from domain.records.repositories import FoundRecords, LabsRecordRepository
from domain.records.values import RecordScope


@dataclass(frozen=True, slots=True)
class RecordsOfScope:
    """What was found; ``again`` tells whether the same may be answered again, None when that is never known."""

    found: FoundRecords
    again: Again | None


@dataclass(frozen=True, kw_only=True)
class FindRecordsQuery(Query[OperationResult[RecordsOfScope]]):
    """Everything that is wanted, unpaged; without a scope of what is public."""

    scope: RecordScope
    wanted: RecordFilter = EVERYTHING


class FindRecordsQueryHandler(QueryHandler[FindRecordsQuery, OperationResult[RecordsOfScope]]):
    def __init__(self, records: LabsRecordRepository, marks: ScopeMarks) -> None:
        self._records = records
        self._marks = marks

    async def handle_async(self, request: FindRecordsQuery) -> OperationResult[RecordsOfScope]:
        again = await finding_again_async(self._marks, request.scope)
        found = await self._records.find_async(current_request().actor, request.scope, request.wanted)
        return self.ok(RecordsOfScope(found, again))
