"""Change the limits of turn-around."""

from collections.abc import Mapping
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.conflicts import deciding_again_async
from application.kernel.refusals import precondition_failed
from application.labops.sla.views import SlaLimitsView, sla_limits_view
from domain.kernel.clock import Clock
from domain.labops.sla_policy import SLA_POLICY_ID, SlaPolicy
from domain.labops.sla_repositories import SlaPolicyRepository


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSlaLimitsCommand(Command[OperationResult[SlaLimitsView]]):
    """Put these limits in place of all that hold now. ``expected_version`` refuses a stale change."""

    default_hours: float
    by_assay: Mapping[str, float]
    expected_version: int | None = None


class ChangeSlaLimitsCommandHandler(CommandHandler[ChangeSlaLimitsCommand, OperationResult[SlaLimitsView]]):
    def __init__(self, policies: SlaPolicyRepository, clock: Clock) -> None:
        self._policies = policies
        self._clock = clock

    async def handle_async(self, request: ChangeSlaLimitsCommand) -> OperationResult[SlaLimitsView]:
        if request.expected_version is not None:
            return await self._change_async(request)
        return await deciding_again_async(lambda: self._change_async(request))

    async def _change_async(self, request: ChangeSlaLimitsCommand) -> OperationResult[SlaLimitsView]:
        known = await self._policies.get_async(SLA_POLICY_ID)
        policy = known or SlaPolicy.first()
        version = policy.state.state_version
        if request.expected_version not in (None, version):
            return precondition_failed(f"the limits are in version {version}")
        if policy.change(request.default_hours, request.by_assay, self._clock.now()):
            await (self._policies.add_async if known is None else self._policies.update_async)(policy)
        return self.ok(sla_limits_view(policy))
