"""Compare two versions of a record."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from application.records.record_histories import HistoryAge, RecordHistories
from domain.records.differences import Difference, differences


@dataclass(frozen=True, slots=True)
class VersionComparison:
    """What differs between two versions, which they are, and how old what is known of the record is."""

    earlier: int
    later: int
    differences: list[Difference]
    age: HistoryAge


@dataclass(frozen=True, kw_only=True)
class CompareRecordVersionsQuery(Query[OperationResult[VersionComparison]]):
    """What differs from one version to another; ``later`` None means the record as it is now."""

    record_id: int
    earlier: int
    later: int | None = None


class CompareRecordVersionsQueryHandler(QueryHandler[CompareRecordVersionsQuery, OperationResult[VersionComparison]]):
    def __init__(self, histories: RecordHistories) -> None:
        self._histories = histories

    async def handle_async(self, request: CompareRecordVersionsQuery) -> OperationResult[VersionComparison]:
        actor = current_request().actor
        age = await self._histories.age_async(actor, request.record_id)
        now = await self._histories.version_async(actor, request.record_id)
        if now is None:
            return missing("record", str(request.record_id))
        later = now if request.later is None else request.later
        for version in (request.earlier, later):
            if version > now:
                return missing(f"version {version} of record", str(request.record_id))
        old = await self._histories.at_version_async(actor, request.record_id, request.earlier)
        new = await self._histories.at_version_async(actor, request.record_id, later)
        return self.ok(VersionComparison(request.earlier, later, differences(old, new), age))
