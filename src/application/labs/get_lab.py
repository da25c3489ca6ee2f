"""Look at one lab, as it is or as it was."""

from dataclasses import dataclass
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.refusals import Refusal, missing
from application.labs.views import LabDetails, LabViews


@dataclass(frozen=True, kw_only=True)
class GetLabQuery(Query[OperationResult[LabDetails]]):
    """Get a lab; with ``as_of`` as it was at that time."""

    record_id: str
    as_of: datetime | None = None


class GetLabQueryHandler(QueryHandler[GetLabQuery, OperationResult[LabDetails]]):
    def __init__(self, labs: LabViews) -> None:
        self._labs = labs

    async def handle_async(self, request: GetLabQuery) -> OperationResult[LabDetails]:
        if request.as_of is None:
            lab = await self._labs.get_async(request.record_id)
            return missing("lab record", request.record_id) if lab is None else self.ok(lab)
        lab = await self._labs.get_as_of_async(request.record_id, request.as_of)
        if lab is None:
            at = request.as_of.isoformat()
            detail = f"there was no lab record {request.record_id} at {at}"
            return Refusal(404, "not-found", "Not found", detail)
        return self.ok(lab)
