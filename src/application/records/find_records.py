"""Find all records of a scope at once, as the system of record answers them."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.request_context import current_request
from domain.records.conditions import EVERYTHING, RecordFilter
from domain.records.repositories import FoundRecords, LabsRecordRepository
from domain.records.values import RecordScope


@dataclass(frozen=True, kw_only=True)
class FindRecordsQuery(Query[OperationResult[FoundRecords]]):
    """Everything that is wanted, unpaged; without a scope of what is public."""

    scope: RecordScope
    wanted: RecordFilter = EVERYTHING


class FindRecordsQueryHandler(QueryHandler[FindRecordsQuery, OperationResult[FoundRecords]]):
    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def handle_async(self, request: FindRecordsQuery) -> OperationResult[FoundRecords]:
        return self.ok(await self._records.find_async(current_request().actor, request.scope, request.wanted))
