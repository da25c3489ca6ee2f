"""Runs over stored specimens and imports: what is kept of each."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from domain.labops.quality.report import QualityReport

LONGEST_RUN = timedelta(hours=2)
MOST_STARTS = 3
"""A run that so many processes died in is given up: it may be what they died of."""


class QualityRunState(StrEnum):
    """How a run stands. ``abandoned``: its process died in it, and for hours no other has started it again."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Worsening:
    """A rule that more rows break than in the run before."""

    rule_name: str
    affected_rows: int
    affected_rows_before: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRun:
    """One run.

    Attributes:
        kind: ``specimens`` or ``imports``.
        import_id: of the import; None for stored specimens.
        trigger: ``schedule``, ``manual`` or ``import``.
        started_at: of its last start; it starts again when its process died.
        ended_at: None while it runs.
        error: why it failed; None if it did not.
        report: None until it has completed; in lists without its violations.
        worsened: against the run before of this kind, under the same rules.
    """

    run_id: str
    kind: str
    import_id: str | None
    trigger: str
    actor: str
    state: QualityRunState
    started_at: datetime
    rules_source: str
    rules_version: int
    ended_at: datetime | None = None
    error: str | None = None
    report: QualityReport | None = None
    worsened: tuple[Worsening, ...] = field(default=())


class QualityRuns(ABC):
    """Keeps runs for a year. Every method raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    def new_id(self) -> str:
        """Return the id of a new run; ids sort by time."""

    @abstractmethod
    def id_at(self, at: datetime, seed: str) -> str:
        """Return the id of a run that something brings about: always the same for the same time and seed (hex)."""

    @abstractmethod
    async def begin_async(self, run: QualityRun) -> None:
        """Keep a run that begins, in place of an earlier one of its id."""

    @abstractmethod
    async def claim_async(self, run_id: str, token: int) -> QualityRun | None:
        """Start on a run under a lease with this token, again if its process died.

        None when it has ended, or somebody with a newer lease has started; one with too many starts ends as failed.
        """

    @abstractmethod
    async def end_async(self, run: QualityRun, token: int) -> bool:
        """Keep a run as it ended; False, and nothing kept, when somebody else has started on it since."""

    @abstractmethod
    async def left_behind_async(self) -> list[QualityRun]:
        """Return the runs that some process has started on, or should have long ago, and that have not ended."""

    @abstractmethod
    async def get_async(self, run_id: str) -> QualityRun | None:
        """Return a run with its whole report; None when there is none."""

    @abstractmethod
    async def list_async(self, kind: str | None, limit: int, before: str | None) -> list[QualityRun]:
        """Return runs, newest first, without their violations; ``before`` is the run id to go on from."""
