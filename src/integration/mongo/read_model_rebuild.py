"""Building a read model anew beside the one that serves, then letting it take over."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog
from pymongo.errors import OperationFailure

from application.kernel.event_feed import EventFeed
from application.kernel.subscriptions import Projector
from domain.kernel.errors import LabkeeperError
from integration.mongo.checkpoints import Checkpoint, Checkpoints
from integration.mongo.driver import MongoDriver, MongoSession, translating_outages

log = structlog.get_logger(__name__)

BATCH_COMMITS = 1_000
SWAP_TRIES = 100

Progress = Callable[[int, int], Awaitable[None]]


class RebuildNeverCaughtUpError(LabkeeperError):
    """The serving model moved on faster than the new one could follow."""


class ReadModelRebuild:
    """Rebuilds one model. The collection before the present one is kept until the next rebuild, for late readers."""

    def __init__(self, projector: Projector, feed: EventFeed, driver: MongoDriver, checkpoints: Checkpoints) -> None:
        self._projector = projector
        self._feed = feed
        self._driver = driver
        self._checkpoints = checkpoints

    async def run_async(self, serving: Checkpoint, on_progress: Progress | None = None) -> Checkpoint:
        """Build the next generation and swap it in.

        Returns:
            Where the new model stands.

        Raises:
            RebuildNeverCaughtUpError: it could not catch up.
        """
        generation = serving.generation + 1
        name = f"{self._projector.name}_v{generation}"
        target = self._driver.collection(name)
        with translating_outages("the read model store"):
            await target.drop()
            await self._projector.prepare_async(target)
        position = 0
        for _ in range(SWAP_TRIES):
            position = await self._catch_up_async(name, position, on_progress)
            new = Checkpoint(serving.id, serving.log, position, None, name, generation, self._projector.version, None)
            if await self._checkpoints.swap_async(serving, new):
                log.info("read_model_swapped", read_model=self._projector.name, generation=generation)
                await self._drop_old_async(generation - 2)
                return await self._checkpoints.get_async(serving.id) or new
        raise RebuildNeverCaughtUpError(f"read model {self._projector.name} was not rebuilt")

    async def _catch_up_async(self, name: str, position: int, on_progress: Progress | None) -> int:
        target = self._driver.collection(name)
        while True:
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
