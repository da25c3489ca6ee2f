"""Go back to the bundled rules."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import precondition_failed
from application.labops.quality.active_rules import ActiveRules, ActiveRulesReader
from domain.kernel.clock import Clock
from domain.labops.quality.repositories import QualityRulesRepository
from domain.labops.quality.stored_rules import RULES_ID


@dataclass(frozen=True, kw_only=True)
class ResetQualityRulesCommand(Command[OperationResult[ActiveRules]]):
    """Hold data against the bundled rules again; nothing happens when that is so already."""

    expected_version: int | None = None


class ResetQualityRulesCommandHandler(CommandHandler[ResetQualityRulesCommand, OperationResult[ActiveRules]]):
    def __init__(self, repository: QualityRulesRepository, active: ActiveRulesReader, clock: Clock) -> None:
        self._repository = repository
        self._active = active
        self._clock = clock

    async def handle_async(self, request: ResetQualityRulesCommand) -> OperationResult[ActiveRules]:
        rules = await self._repository.get_async(RULES_ID)
        version = 0 if rules is None else rules.state.state_version
        if request.expected_version is not None and request.expected_version != version:
            return precondition_failed(f"the rules are in version {version}")
        if rules is not None:
            rules.reset(self._clock.now())
            try:
                await self._repository.update_async(rules)
            except OptimisticConcurrencyException:
                return precondition_failed("somebody else has changed the rules at the same time")
        return self.ok(await self._active.read_async())
