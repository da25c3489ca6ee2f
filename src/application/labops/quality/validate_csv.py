"""Hold an uploaded CSV file against rules."""

import asyncio
from dataclasses import dataclass
from typing import IO

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.labops.imports.tried_import import TriedImport
from application.labops.quality.active_rules import ActiveRulesReader
from application.labops.quality.ports import QualityChecker, RulesReader
from application.labops.quality.refusals import data_refused, rules_refused
from domain.labops.quality.problems import InvalidRulesError, UnreadableDataError
from domain.labops.quality.report import QualityReport
from domain.labops.quality.rules import RuleSet, read_rules


@dataclass(frozen=True, slots=True)
class ValidatedCsv:
    """A report, where its rules came from, and what an import would say about the same file.

    Attributes:
        rules_source: ``rules_file``, ``custom_rules``, ``stored``, or the bundled file.
    """

    report: QualityReport
    rules_applied: int
    rules_source: str
    as_import: TriedImport


@dataclass(frozen=True, kw_only=True)
class ValidateCsvQuery(Query[OperationResult[ValidatedCsv]]):
    """Check a file. ``rules_file`` (YAML) goes before ``custom_rules`` (JSON), and both before the rules kept here."""

    content: IO[bytes]
    rules_file: bytes | None = None
    custom_rules: str | None = None


class ValidateCsvQueryHandler(QueryHandler[ValidateCsvQuery, OperationResult[ValidatedCsv]]):
    def __init__(self, active: ActiveRulesReader, reader: RulesReader, checker: QualityChecker) -> None:
        self._active = active
        self._reader = reader
        self._checker = checker

    async def handle_async(self, request: ValidateCsvQuery) -> OperationResult[ValidatedCsv]:
        try:
            rules, source = await self._rules_async(request)
        except InvalidRulesError as error:
            return rules_refused(error, "custom_rules" if request.rules_file is None else "rules_file")
        try:
            report = await self._checker.check_csv_async(request.content, rules)
        except UnreadableDataError as error:
            return data_refused(error, await self._checker.try_import_async(request.content))
        as_import = await self._checker.try_import_async(request.content)
        return self.ok(ValidatedCsv(report, len(rules.rules), source, as_import))

    async def _rules_async(self, request: ValidateCsvQuery) -> tuple[RuleSet, str]:
        if request.rules_file is not None:
            document = await asyncio.to_thread(self._reader.read_yaml, request.rules_file)
            return read_rules(document), "rules_file"
        if request.custom_rules is not None:
            return read_rules(self._reader.read_json(request.custom_rules)), "custom_rules"
        active = await self._active.read_async()
        return active.rules, active.source
