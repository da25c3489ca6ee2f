"""Look at one record."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from domain.records.kinds.kind import Kind
from domain.records.repositories import LabsRecordRepository
from domain.records.values import LabsRecord


@dataclass(frozen=True, kw_only=True)
class GetRecordQuery(Query[OperationResult[LabsRecord]]):
    """One record; with a kind only if it is of that kind."""

    record_id: int
    kind: Kind | None = None


class GetRecordQueryHandler(QueryHandler[GetRecordQuery, OperationResult[LabsRecord]]):
    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def handle_async(self, request: GetRecordQuery) -> OperationResult[LabsRecord]:
        record = await self._records.get_async(current_request().actor, request.record_id)
        kind = request.kind
        if record is None or (kind is not None and not kind.includes(record)):
            return missing("record" if kind is None else kind.name, str(request.record_id))
        return self.ok(record)
