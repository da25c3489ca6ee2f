"""Get the rules that count now."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.labops.quality.active_rules import ActiveRules, ActiveRulesReader


@dataclass(frozen=True, kw_only=True)
class GetQualityRulesQuery(Query[OperationResult[ActiveRules]]):
    """The stored rules, else the bundled ones."""


class GetQualityRulesQueryHandler(QueryHandler[GetQualityRulesQuery, OperationResult[ActiveRules]]):
    def __init__(self, active: ActiveRulesReader) -> None:
        self._active = active

    async def handle_async(self, request: GetQualityRulesQuery) -> OperationResult[ActiveRules]:
        del request
        return self.ok(await self._active.read_async())
