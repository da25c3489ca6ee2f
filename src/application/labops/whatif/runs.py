"""Runs of simulations: what was asked, how far it is, what came out."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.labops.whatif.observed import Calibration, Observed
from domain.labops.whatif.scenario import Scenario
from domain.labops.whatif.simulation import Plan, SimulationResult


class SimulationState(StrEnum):
    """How a run stands. One whose process dies is queued again, and gives the same numbers."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self not in (SimulationState.QUEUED, SimulationState.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationRun:
    """A run.

    Attributes:
        actor: who asked for it.
        replications_done: each of the baseline and of the scenario.
        specimens: simulated so far, both sides.
        started_at, ended_at: None while it has not.
        error: why it failed; None if it did not.
        result: None until it is completed, and in lists.
    """

    run_id: str
    state: SimulationState
    actor: str
    scenario: Scenario
    plan: Plan
    observed: Observed
    created_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    replications_done: int = 0
    specimens: int = 0
    error: str | None = None
    result: SimulationResult | None = None


class SimulationRuns(ABC):
    """The record of runs, for 30 days after their end. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def queue_async(self, actor: str, calibration: Calibration, scenario: Scenario, plan: Plan) -> SimulationRun:
        """Store a run; some process will take it."""

    @abstractmethod
    async def open_count_async(self) -> int:
        """Return how many have not ended."""

    @abstractmethod
    async def get_async(self, run_id: str) -> SimulationRun | None:
        """Return one run; None when there is none."""

    @abstractmethod
    async def list_async(self, limit: int, before: str | None) -> list[SimulationRun]:
        """Return runs without their results, newest first; ``before`` is the run id to go on from."""

    @abstractmethod
    async def cancel_async(self, run_id: str) -> SimulationRun | None:
        """End a run that has not ended, and answer it as it is then; None when there is none."""

    @abstractmethod
    async def wait_for_progress_async(self, seen: SimulationRun, timeout_seconds: float) -> SimulationRun | None:
        """Wait until a run has moved on from what was seen, at most the given time; None when it is gone.

        A run that has ended is answered at once.
        """
