"""Keep rules, which stored specimens and imports are held against from now on."""

import asyncio
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import precondition_failed
from application.labops.quality.active_rules import ActiveRules, ActiveRulesReader
from application.labops.quality.ports import RulesReader
from application.labops.quality.refusals import rules_refused
from domain.kernel.clock import Clock
from domain.labops.quality.located import located
from domain.labops.quality.problems import InvalidRulesError, RuleProblem
from domain.labops.quality.repositories import QualityRulesRepository
from domain.labops.quality.rules import read_rules
from domain.labops.quality.stored_rules import RULES_ID, QualityRules


@dataclass(frozen=True, kw_only=True)
class PutQualityRulesCommand(Command[OperationResult[ActiveRules]]):
    """Replace the rules: as the text of a YAML file, or as data, which is kept as JSON (that is YAML, too).

    ``expected_version`` 0 means: while nobody has written any.
    """

    document: Any = None
    yaml: str | None = None
    expected_version: int | None = None


class PutQualityRulesCommandHandler(CommandHandler[PutQualityRulesCommand, OperationResult[ActiveRules]]):
    def __init__(
        self, repository: QualityRulesRepository, active: ActiveRulesReader, reader: RulesReader, clock: Clock
    ) -> None:
        self._repository = repository
        self._active = active
        self._reader = reader
        self._clock = clock

    async def handle_async(self, request: PutQualityRulesCommand) -> OperationResult[ActiveRules]:
        try:
            if request.yaml is None:
                read_rules(located(request.document))  # tells what is wrong by path, where lines are not the sender's
                content = self._reader.write(request.document)
            else:
                content = request.yaml
            count = len(read_rules(await asyncio.to_thread(self._reader.read_yaml, content.encode())).rules)
        except InvalidRulesError as error:
            return rules_refused(error, "rules" if request.yaml is None else "yaml")
        except ValueError as error:
            return rules_refused(InvalidRulesError([RuleProblem("", str(error))]), "rules")
        rules = await self._repository.get_async(RULES_ID) or QualityRules()
        version = rules.state.state_version
        if request.expected_version is not None and request.expected_version != version:
            return precondition_failed(f"the rules are in version {version}")
        rules.change(content, count, self._clock.now())
        try:
            await (self._repository.update_async(rules) if version else self._repository.add_async(rules))
        except OptimisticConcurrencyException:
            return precondition_failed("somebody else has changed the rules at the same time")
        return self.ok(await self._active.read_async())
