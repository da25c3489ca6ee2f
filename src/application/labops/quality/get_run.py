"""Get one run with its report."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.quality.runs import QualityRun, QualityRuns


@dataclass(frozen=True, kw_only=True)
class GetQualityRunQuery(Query[OperationResult[QualityRun]]):
    """One run."""

    run_id: str


class GetQualityRunQueryHandler(QueryHandler[GetQualityRunQuery, OperationResult[QualityRun]]):
    def __init__(self, runs: QualityRuns) -> None:
        self._runs = runs

    async def handle_async(self, request: GetQualityRunQuery) -> OperationResult[QualityRun]:
        run = await self._runs.get_async(request.run_id)
        return missing("quality run", request.run_id) if run is None else self.ok(run)
