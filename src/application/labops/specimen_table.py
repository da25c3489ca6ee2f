"""All specimens as one table for analytics, at one position of the log at a time.

Columns of the relation ``specimens``, one row per specimen, in its newest state:

=============  =========  ==============================================================================
specimen_id    VARCHAR
assay          VARCHAR
machine_id     VARCHAR
operator_id    VARCHAR
status         VARCHAR    RECEIVED, IN_PROCESS, COMPLETED or ERROR
error_code     VARCHAR    NULL when not known
received_at    TIMESTAMP  UTC, no zone
started_at     TIMESTAMP  NULL when not known
processed_at   TIMESTAMP  NULL while open, or when not known
version        INTEGER    number of facts about it so far
=============  =========  ==============================================================================
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from domain.kernel.errors import LabkeeperError

Row = tuple[Any, ...]
ExportFormat = Literal["csv", "parquet"]


class QuestionRefusedError(LabkeeperError):
    """A question is not one SELECT over ``specimens``, cannot be read as SQL, or reaches for what is not the table."""


@dataclass(frozen=True, slots=True)
class TableStatus:
    """How far the table is.

    Attributes:
        position: of the log, up to which every fact is in the table.
        head: last position of the log that this process knows of; ``lag`` is the difference.
        specimens: number of rows.
        segments: number of files behind it; ``unflushed`` rows are in memory only (and in the log).
        rebuilding: whether it is being built anew.
    """

    position: int
    head: int
    specimens: int
    segments: int
    unflushed: int
    rebuilding: bool

    @property
    def lag(self) -> int:
        """Commits that are not in the table yet."""
        return max(0, self.head - self.position)


class TableSnapshot(ABC):
    """The table at one position; stays as it is while it is held. Close it, or use it with ``with``.

    Attributes:
        position: of the log.
        stamp: the same for as long as no row has changed, also over a restart; differs after any change.
        changed_at: when the last fact in it was stored, aware UTC; None for an empty table.
    """

    position: int
    stamp: str
    changed_at: datetime | None

    @abstractmethod
    async def fetch_async(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """Return the rows of a SELECT over ``specimens``. Times in them are UTC without zone.

        The engine runs exactly one SELECT and can read nothing but the table, whoever wrote the SQL. A caller that is
        cancelled stops it.

        Args:
            sql: DuckDB SQL; values only as ``$name``.
            parameters: by name. Aware datetimes are given as UTC.

        Raises:
            QuestionRefusedError: it is something else, or wrong SQL.
            UnavailableError: the engine cannot read its files.
        """

    @abstractmethod
    async def export_async(
        self, sql: str, parameters: Mapping[str, Any] | None, path: Path, file_format: ExportFormat
    ) -> None:
        """Write the rows of a SELECT to a file, without holding them in memory.

        This engine may write files, so the SQL must be our own.

        Raises:
            As ``fetch_async``.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the files."""

    def __enter__(self) -> "TableSnapshot":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SpecimenTable(ABC):
    """The analytic read model. A question never goes to MongoDB."""

    @property
    @abstractmethod
    def stamp(self) -> str:
        """The stamp that a snapshot taken now would have; costs nothing."""

    @abstractmethod
    def snapshot(self) -> TableSnapshot:
        """Return the table as it is now.

        Raises:
            UnavailableError: it is not there yet: the application has just started and reads the log.
        """

    @abstractmethod
    def status(self) -> TableStatus:
        """Return how far it is."""

    @abstractmethod
    async def wait_for_async(self, position: int, timeout_seconds: float) -> bool:
        """Wait until the table has seen a position of the log; False when the time is over."""

    @abstractmethod
    async def rebuild_async(self) -> TableStatus:
        """Build it anew from the events while the old one goes on answering, then swap."""
