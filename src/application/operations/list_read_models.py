"""See how each read model stands."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.subscriptions import ReadModels, ReadModelStatus


@dataclass(frozen=True, kw_only=True)
class ListReadModelsQuery(Query[OperationResult[list[ReadModelStatus]]]):
    """See how each read model stands."""


class ListReadModelsQueryHandler(QueryHandler[ListReadModelsQuery, OperationResult[list[ReadModelStatus]]]):
    def __init__(self, models: ReadModels) -> None:
        self._models = models

    async def handle_async(self, request: ListReadModelsQuery) -> OperationResult[list[ReadModelStatus]]:  # noqa: ARG002  # says it all by its type
        return self.ok(await self._models.read_models_async())
