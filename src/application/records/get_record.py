"""Look at one record."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from domain.records.kinds.kind import Kind
from domain.records.repositories import FoundRecord, LabsRecordRepository


@dataclass(frozen=True, kw_only=True)
class GetRecordQuery(Query[OperationResult[FoundRecord]]):
    """One record and how old the answer is; with a kind only if it is of that kind."""

    record_id: int
    kind: Kind | None = None


class GetRecordQueryHandler(QueryHandler[GetRecordQuery, OperationResult[FoundRecord]]):
    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def handle_async(self, request: GetRecordQuery) -> OperationResult[FoundRecord]:
        found = await self._records.find_one_async(current_request().actor, request.record_id)
        kind = request.kind
        if found is None or (kind is not None and not kind.includes(found.record)):
            return missing("record" if kind is None else kind.name, str(request.record_id))
        return self.ok(found)
