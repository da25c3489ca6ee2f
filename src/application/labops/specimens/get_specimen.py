"""Look at one specimen."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.labops.specimens.views import SpecimenView, specimen_view
from domain.labops.repositories import SpecimenRepository


@dataclass(frozen=True, kw_only=True)
class GetSpecimenQuery(Query[OperationResult[SpecimenView]]):
    """One specimen, from its own facts: never behind."""

    specimen_id: str


class GetSpecimenQueryHandler(QueryHandler[GetSpecimenQuery, OperationResult[SpecimenView]]):
    def __init__(self, specimens: SpecimenRepository) -> None:
        self._specimens = specimens

    async def handle_async(self, request: GetSpecimenQuery) -> OperationResult[SpecimenView]:
        specimen = await self._specimens.get_async(request.specimen_id)
        return missing("specimen", request.specimen_id) if specimen is None else self.ok(specimen_view(specimen))
