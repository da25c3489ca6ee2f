"""Ask what the starter kit's formula promises."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.labops.whatif.current_figures import CurrentFiguresReader
from domain.labops.whatif.linear import CurrentFigures, LinearProjection, project_linearly


@dataclass(frozen=True, kw_only=True)
class ProjectLinearlyQuery(Query[OperationResult[tuple[CurrentFigures, LinearProjection]]]):
    """Ask what the formula promises; answers where the laboratory stands, and what it would be.

    Attributes:
        reduced_failure_rate: percent.
    """

    extra_machines: int
    reduced_failure_rate: float


class ProjectLinearlyQueryHandler(
    QueryHandler[ProjectLinearlyQuery, OperationResult[tuple[CurrentFigures, LinearProjection]]]
):
    def __init__(self, figures: CurrentFiguresReader) -> None:
        self._figures = figures

    async def handle_async(
        self, request: ProjectLinearlyQuery
    ) -> OperationResult[tuple[CurrentFigures, LinearProjection]]:
        now = await self._figures.read_async()
        return self.ok((now, project_linearly(now, request.extra_machines, request.reduced_failure_rate)))
