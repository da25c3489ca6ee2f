"""Worker names: within a region, no two workers that are not decommissioned bear the same, in its normal form.

A worker's stream cannot be checked against other streams in the same write. So a name is claimed before the event that
takes it is stored, and a claim counts for as long as that event is there or may still come (decision record 0022).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.kernel.conflicts import MOST_TRIES
from application.kernel.refusals import Refusal, taken
from domain.kernel.clock import Clock
from domain.labs.cml_worker import CmlWorker
from domain.labs.repositories import CmlWorkerRepository
from domain.labs.worker_details import normal_name

PATIENCE = timedelta(seconds=15)
"""How long a registration may take from its claim to its event before somebody else may have the name."""


@dataclass(frozen=True, slots=True)
class NameClaim:
    """A worker's claim on a name.

    Attributes:
        version: of the worker when it claimed, 0 before its registration; the event that takes the name follows this
            version or never comes.
    """

    region: str
    name: str
    worker_id: str
    version: int
    claimed_at: datetime


class NameClaims(ABC):
    """Keeps one claim per region and normal name. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def claim_async(self, claim: NameClaim) -> NameClaim:
        """Store a claim on a free name, or raise the version of the same worker's claim; return what is stored then."""

    @abstractmethod
    async def withdraw_async(self, claim: NameClaim) -> None:
        """Remove this very claim; nothing happens when it was renewed or is another's by now."""


class WorkerNames:
    """Decides who may bear a name."""

    def __init__(self, claims: NameClaims, workers: CmlWorkerRepository, clock: Clock) -> None:
        self._claims = claims
        self._workers = workers
        self._clock = clock

    async def objection_async(self, worker: CmlWorker) -> Refusal | None:
        """Claim the name that a worker's pending events give it; None when they may be stored.

        A claim is never given back: one that does not count any more is found out when somebody else wants the name.
        """
        state = worker.state
        for _ in range(MOST_TRIES):
            held = await self._claims.claim_async(
                NameClaim(state.region, state.name, state.id, state.state_version, self._clock.now())
            )
            if held.worker_id == state.id:
                return None
            if await self._stands_async(held):
                break
            await self._claims.withdraw_async(held)
        return taken("name", "must not be the name of another worker of the region")

    async def _stands_async(self, claim: NameClaim) -> bool:
        worker = await self._workers.get_async(claim.worker_id)
        if worker is None:
            if self._clock.now() < claim.claimed_at + PATIENCE:
                return True
            # Whoever claimed has died or hangs. Should it go on after all, it must fail.
            await self._workers.bar_async(claim.worker_id, self._clock.now())
            worker = await self._workers.get_async(claim.worker_id)
        if worker is None or worker.state.decommissioned:
            return False
        return normal_name(worker.state.name) == normal_name(claim.name) or worker.state.state_version <= claim.version
