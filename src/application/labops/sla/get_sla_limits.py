"""Get the limits of turn-around."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.labops.sla.views import SlaLimitsView, sla_limits_view
from domain.labops.sla_policy import SLA_POLICY_ID, SlaPolicy
from domain.labops.sla_repositories import SlaPolicyRepository


@dataclass(frozen=True, slots=True)
class GetSlaLimitsQuery(Query[OperationResult[SlaLimitsView]]):
    """Get the limits that hold now."""


class GetSlaLimitsQueryHandler(QueryHandler[GetSlaLimitsQuery, OperationResult[SlaLimitsView]]):
    def __init__(self, policies: SlaPolicyRepository) -> None:
        self._policies = policies

    async def handle_async(self, request: GetSlaLimitsQuery) -> OperationResult[SlaLimitsView]:
        del request
        return self.ok(sla_limits_view(await self._policies.get_async(SLA_POLICY_ID) or SlaPolicy.first()))
