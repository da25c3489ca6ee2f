"""Runs one projection: a batch of facts and the checkpoint in one transaction, so each fact counts exactly once."""

from dataclasses import replace

import structlog

from application.kernel.event_feed import CorruptFact, EventFeed
from application.kernel.lease_keeper import HeldLease
from application.kernel.leases import Leases
from application.kernel.subscriptions import Projector
from integration.mongo.driver import MongoDriver, MongoSession, translating_outages
from integration.mongo.subscriptions.checkpoints import Checkpoint, CheckpointMovedError, Checkpoints
from integration.mongo.subscriptions.held_reader import HeldReader
from integration.mongo.subscriptions.pace import Pace
from integration.mongo.subscriptions.parked_events import ParkedEvents
from integration.mongo.subscriptions.read_model_rebuild import ReadModelRebuild
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch

log = structlog.get_logger(__name__)

BATCH_COMMITS = 1_000
LOOK_AGAIN_SECONDS = 1.0


class ProjectionRunner(HeldReader):
    """Keeps one read model up with its log."""

    kind = "read model"

    def __init__(
        self,
        projector: Projector,
        feed: EventFeed,
        driver: MongoDriver,
        leases: Leases,
        checkpoints: Checkpoints,
        parked: ParkedEvents,
        watch: ReadModelWatch,
    ) -> None:
        super().__init__(projector.name, projector.log, leases)
        self.projector = projector
        self.checkpoint_id = watch.checkpoint_id(projector.name)
        self._feed = feed
        self._driver = driver
        self._checkpoints = checkpoints
        self._parked = parked
        self._watch = watch

    async def work_async(self, held: HeldLease) -> None:
        checkpoint = await self._first_checkpoint_async()
        pace = Pace()
        while not self.should_stop(held):
            self.position = checkpoint.position
            grown = self._feed.wait_beyond_async(checkpoint.position, LOOK_AGAIN_SECONDS)
            if not await self.unless_stopping_async(grown):
                self.failure = None
                continue
            pause = pace.pause_seconds(self._feed.last_seen - checkpoint.position)
            if pause:
                await self._watch.until_wanted_async(self.name, pause)
            before = checkpoint.position
            try:
                checkpoint = await self.project_batch_async(checkpoint, held.token)
                pace.worked(checkpoint.position - before)
            except CheckpointMovedError:
                if self.should_stop(held):
                    raise
                checkpoint = await self._first_checkpoint_async()
            self.failure = None

    async def project_batch_async(self, checkpoint: Checkpoint, token: int) -> Checkpoint:
        """Apply the next batch and return where the model then stands.

        Raises:
            CheckpointMovedError: the model was swapped or another process works on it.
        """
        corrupt: list[CorruptFact] = []
        facts, position = await self._feed.read_log_async(
            checkpoint.position, BATCH_COMMITS, self.projector.event_types, corrupt
        )
        for one in corrupt:
            log.error("corrupt_event", read_model=self.name, error=one.error)
            await self._parked.park_corrupt_async(self.name, one)
        target = self._driver.collection(checkpoint.collection)

        async def apply(session: MongoSession) -> None:
            await self._checkpoints.move_async(checkpoint, position, token, session)
            if facts:
                await self.projector.project_async(facts, target, session)

        with translating_outages("the read model store"):
            await self._driver.run_in_transaction_async(apply)
        moved = replace(checkpoint, position=position)
        self._watch.saw(moved)
        return moved

    async def _first_checkpoint_async(self) -> Checkpoint:
        existing = await self._checkpoints.get_async(self.checkpoint_id)
        if existing is not None and existing.version == self.projector.version:
            return existing
        if existing is not None:
            log.info("read_model_changed_shape", read_model=self.name, version=self.projector.version)
            rebuild = ReadModelRebuild(self.projector, self._feed, self._driver, self._checkpoints, self._leases)
            self._watch.saw(await rebuild.run_async(existing))
            return await self._first_checkpoint_async()
        collection = f"{self.name}_v1"
        with translating_outages("the read model store"):
            await self.projector.prepare_async(self._driver.collection(collection))
        fresh = Checkpoint(self.checkpoint_id, self._feed.log, 0, collection, 1, self.projector.version)
        return await self._checkpoints.start_async(fresh)
