"""What quality checks need from outside."""

from abc import ABC, abstractmethod
from typing import IO, Any

from application.labops.imports.tried_import import TriedImport
from domain.labops.quality.located import Located
from domain.labops.quality.report import QualityReport
from domain.labops.quality.rules import RuleSet


class RulesReader(ABC):
    """Reads rules files; both raise ``InvalidRulesError`` with lines."""

    @abstractmethod
    def read_yaml(self, content: bytes) -> Located:
        """Return what a YAML file says."""

    @abstractmethod
    def read_json(self, text: str) -> Located:
        """Return what JSON text says."""

    @abstractmethod
    def write(self, document: Any) -> str:
        """Return data as the text of a YAML file."""


class QualityChecker(ABC):
    """Holds data against rules, away from the event loop. "Today" is the laboratory's day."""

    @abstractmethod
    async def check_csv_async(self, content: IO[bytes], rules: RuleSet) -> QualityReport:
        """Check a CSV file, plain or packed with gzip.

        Raises:
            UnreadableDataError: it is no table.
        """

    @abstractmethod
    async def try_import_async(self, content: IO[bytes]) -> TriedImport:
        """Say what an import would say about a CSV file; nothing is imported."""

    @abstractmethod
    async def check_import_async(self, import_id: str, rules: RuleSet) -> QualityReport | None:
        """Check the file of an import, its columns named as the import names them; None when it is not kept any more.

        Raises:
            UnreadableDataError: it is no table.
            UnavailableError: the store gives no answer.
        """

    @abstractmethod
    async def check_specimens_async(self, rules: RuleSet) -> QualityReport:
        """Check the stored specimens, as the analytic table has them, in order of their ids.

        Raises:
            UnavailableError: the table is not there yet, or stays behind the log.
        """
