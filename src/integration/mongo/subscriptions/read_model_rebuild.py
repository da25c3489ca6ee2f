"""Building a read model anew beside the one that serves, then letting it take over."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from pymongo.errors import OperationFailure

from application.kernel.event_feed import EventFeed
from application.kernel.lease_keeper import HeldLease, holding
from application.kernel.leases import Leases
from application.kernel.subscriptions import Projector
from domain.kernel.errors import DomainError, LabkeeperError
from integration.mongo.driver import MongoDriver, MongoSession, translating_outages
from integration.mongo.subscriptions.checkpoints import Checkpoint, Checkpoints

log = structlog.get_logger(__name__)

BATCH_COMMITS = 1_000
SWAP_TRIES = 100
REBUILD_LEASE_SECONDS = 30.0

Progress = Callable[[int, int], Awaitable[None]]


def rebuild_lease_key(name: str) -> str:
    """Return the key of the lease under which a read model is rebuilt."""
    return f"rebuild:{name}"


class RebuildNeverCaughtUpError(LabkeeperError):
    """The serving model moved on faster than the new one could follow."""


class RebuildUnderWayError(DomainError):
    """The read model is being rebuilt already, here or in another process."""


class ReadModelRebuild:
    """Rebuilds one model, under a lease: two at once would write into the same new collection.

    The collection before the present one is kept until the next rebuild, for late readers.
    """

    def __init__(
        self, projector: Projector, feed: EventFeed, driver: MongoDriver, checkpoints: Checkpoints, leases: Leases
    ) -> None:
        self._projector = projector
        self._feed = feed
        self._driver = driver
        self._checkpoints = checkpoints
        self._leases = leases

    async def run_async(self, serving: Checkpoint, on_progress: Progress | None = None) -> Checkpoint:
        """Build the next generation and swap it in.

        Returns:
            Where the new model stands.

        Raises:
            RebuildUnderWayError: somebody else is at it, or has taken it over.
            RebuildNeverCaughtUpError: it could not catch up.
        """
        async with holding(self._leases, rebuild_lease_key(self._projector.name), REBUILD_LEASE_SECONDS) as held:
            if held is None:
                raise RebuildUnderWayError(f"read model {self._projector.name} is being rebuilt already")
            return await self._run_held_async(serving, on_progress, held)

    async def _run_held_async(self, serving: Checkpoint, on_progress: Progress | None, held: HeldLease) -> Checkpoint:
        generation = serving.generation + 1
        name = f"{self._projector.name}_v{generation}"
        target = self._driver.collection(name)
        with translating_outages("the read model store"):
            await target.drop()
            await self._projector.prepare_async(target)
        position = 0
        for _ in range(SWAP_TRIES):
            position = await self._catch_up_async(name, position, on_progress, held)
            new = Checkpoint(serving.id, serving.log, position, name, generation, self._projector.version, None)
            if await self._checkpoints.swap_async(serving, new):
                log.info("read_model_swapped", read_model=self._projector.name, generation=generation)
                await self._drop_old_async(generation - 2)
                return await self._checkpoints.get_async(serving.id) or new
        raise RebuildNeverCaughtUpError(f"read model {self._projector.name} was not rebuilt")

    async def _catch_up_async(self, name: str, position: int, on_progress: Progress | None, held: HeldLease) -> int:
        target = self._driver.collection(name)
        while True:
            if held.lost.is_set():
                raise RebuildUnderWayError(f"the rebuild of read model {self._projector.name} lost its lease")
            facts, read_up_to = await self._feed.read_log_async(
                position, BATCH_COMMITS, self._projector.event_types, []
            )
            if read_up_to == position:
                return position

            async def apply(session: MongoSession) -> None:
                await self._projector.project_async(facts, target, session)  # noqa: B023  # run before the next round

            if facts:
                with translating_outages("the read model store"):
                    await self._driver.run_in_transaction_async(apply)
            position = read_up_to
            if on_progress is not None:
                await on_progress(position, await self._feed.head_async())

    async def _drop_old_async(self, generation: int) -> None:
        if generation > 0:
            with translating_outages("the read model store"), suppress(OperationFailure):
                await self._driver.collection(f"{self._projector.name}_v{generation}").drop()
