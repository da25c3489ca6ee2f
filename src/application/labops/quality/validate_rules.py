"""Say whether rules can be read, without keeping them."""

import asyncio
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.labops.quality.ports import RulesReader
from application.labops.quality.refusals import rules_refused
from domain.labops.quality.located import located
from domain.labops.quality.problems import InvalidRulesError, RuleProblem
from domain.labops.quality.rules import read_rules


@dataclass(frozen=True, kw_only=True)
class ValidateRulesQuery(Query[OperationResult[int]]):
    """Rules as data, or as the text of a YAML file."""

    document: Any = None
    yaml: str | None = None


class ValidateRulesQueryHandler(QueryHandler[ValidateRulesQuery, OperationResult[int]]):
    def __init__(self, reader: RulesReader) -> None:
        self._reader = reader

    async def handle_async(self, request: ValidateRulesQuery) -> OperationResult[int]:
        """Answer the number of rules."""
        try:
            if request.yaml is not None:
                document = await asyncio.to_thread(self._reader.read_yaml, request.yaml.encode())
            else:
                document = located(request.document)
            return self.ok(len(read_rules(document).rules))
        except InvalidRulesError as error:
            return rules_refused(error, "rules" if request.yaml is None else "yaml")
        except ValueError as error:
            return rules_refused(InvalidRulesError([RuleProblem("", str(error))]), "rules")
