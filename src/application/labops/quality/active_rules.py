"""The rules that count now: those that somebody wrote, else the bundled ones."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

from application.labops.quality.bundled_rules import BUNDLED_RULES, BUNDLED_RULES_NAME
from application.labops.quality.ports import RulesReader
from domain.labops.quality.located import plain
from domain.labops.quality.repositories import QualityRulesRepository
from domain.labops.quality.rules import RuleSet, read_rules
from domain.labops.quality.stored_rules import RULES_ID


@dataclass(frozen=True, slots=True)
class ActiveRules:
    """Rules as they were written and as they were read.

    Attributes:
        source: ``stored``, or the name of the bundled file.
        version: counts the changes: 0 until somebody has written rules.
        stamp: the same for as long as the content is.
    """

    content: str
    rules: RuleSet
    document: Any
    source: str
    version: int

    @property
    def stamp(self) -> str:
        """16 hex digits."""
        return hashlib.blake2b(self.content.encode(), digest_size=8).hexdigest()


class ActiveRulesReader:
    """Reads them."""

    def __init__(self, repository: QualityRulesRepository, reader: RulesReader) -> None:
        self._repository = repository
        self._reader = reader

    async def read_async(self) -> ActiveRules:
        """Return the rules.

        Raises:
            UnavailableError: the store gives no answer.
        """
        stored = await self._repository.get_async(RULES_ID)
        if stored is None or not stored.state.content:
            version = 0 if stored is None else stored.state.state_version
            return await asyncio.to_thread(self._read, BUNDLED_RULES, BUNDLED_RULES_NAME, version)
        return await asyncio.to_thread(self._read, stored.state.content, "stored", stored.state.state_version)

    def _read(self, content: str, source: str, version: int) -> ActiveRules:
        document = self._reader.read_yaml(content.encode())
        return ActiveRules(content, read_rules(document), plain(document), source, version)
