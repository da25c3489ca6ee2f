"""All subscriptions and read models of the installation: started with the application, administered through it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from neuroglia.hosting.abstractions import HostedService

from application.kernel.event_feed import CorruptFact, EventFeed
from application.kernel.leases import Leases
from application.kernel.subscriptions import (
    OwnReadModel,
    ParkedEvent,
    Projector,
    ReadModels,
    ReadModelStatus,
    Subscriber,
    Subscriptions,
    SubscriptionStatus,
)
from domain.kernel.clock import Clock
from integration.mongo.driver import MongoDriver, translating_outages
from integration.mongo.subscriptions import measured_lag
from integration.mongo.subscriptions.checkpoints import Checkpoint, Checkpoints
from integration.mongo.subscriptions.event_delivery import try_once_async
from integration.mongo.subscriptions.parked_events import ParkedEvents
from integration.mongo.subscriptions.projection_runner import ProjectionRunner
from integration.mongo.subscriptions.read_model_rebuild import Progress, ReadModelRebuild, rebuild_lease_key
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.mongo.subscriptions.subscription_runner import SubscriptionRunner


class MongoSubscriptions(Subscriptions, ReadModels, HostedService):
    """Runs what is registered and answers how it stands."""

    def __init__(
        self,
        driver: MongoDriver,
        leases: Leases,
        clock: Clock,
        watch: ReadModelWatch,
        feeds: Sequence[EventFeed],
        subscribers: Sequence[Subscriber],
        projectors: Sequence[Projector],
        own_models: Sequence[OwnReadModel] = (),
    ) -> None:
        self._own_models = {model.name: model for model in own_models}
        self._driver = driver
        self._leases = leases
        self._feeds = {feed.log: feed for feed in feeds}
        self._checkpoints = Checkpoints(driver, clock)
        self._parked = ParkedEvents(driver, clock)
        self.watch = watch
        self._runners = {
            subscriber.name: SubscriptionRunner(
                subscriber, self._feeds[subscriber.log], leases, self._checkpoints, self._parked
            )
            for subscriber in subscribers
        }
        self._projections = {
            projector.name: ProjectionRunner(
                projector,
                self._feeds[projector.log],
                driver,
                leases,
                self._checkpoints,
                self._parked,
                self.watch,
            )
            for projector in projectors
        }

    def lags(self) -> dict[str, int]:
        """Return how many commits lie between what each reader has read and the end of its log."""
        return {
            name: max(0, self._feeds[reader.log].last_seen - reader.position)
            for name, reader in (*self._runners.items(), *self._projections.items())
            if reader.position is not None
        }

    async def start_async(self) -> None:
        measured_lag.measure(self)
        await self._parked.prepare_async()
        self.watch.start()
        for reader in (*self._projections.values(), *self._runners.values()):
            reader.start()

    async def stop_async(self) -> None:
        measured_lag.forget(self)
        readers = (*self._runners.values(), *self._projections.values())
        await asyncio.gather(*(reader.stop_async() for reader in readers))
        await self.watch.stop_async()

    # --- subscriptions

    async def list_async(self) -> list[SubscriptionStatus]:
        counts = await self._parked.counts_async()
        heads = {name: await feed.head_async() for name, feed in self._feeds.items()}
        statuses = []
        readers: dict[str, SubscriptionRunner | ProjectionRunner] = {**self._runners, **self._projections}
        for name, reader in sorted(readers.items()):
            log_name = reader.log
            checkpoint = await self._checkpoints.get_async(reader.checkpoint_id)
            position = checkpoint.position if checkpoint else 0
            of = counts.get(name, {})
            statuses.append(
                SubscriptionStatus(
                    name=name,
                    log=log_name,
                    kind=reader.kind,
                    position=position,
                    head=heads[log_name],
                    lag=max(0, heads[log_name] - position),
                    parked=of.get("parked", 0) + of.get("replaying", 0),
                    waiting=of.get("waiting", 0),
                    holder=await self._leases.holder_async(reader.lease_key),
                    last_error=reader.failure,
                )
            )
        statuses += [_followed(await model.read_model_async(), model.failure) for model in self._own_models.values()]
        return sorted(statuses, key=lambda status: status.name)

    async def list_parked_async(self, name: str, limit: int, after: str | None) -> list[ParkedEvent] | None:
        if name not in self._runners and name not in self._projections:
            return None
        return await self._parked.list_async(name, limit, after)

    async def replay_async(self, name: str, parked_id: str) -> str | None:
        runner = self._runners.get(name)
        entry = await self._parked.claim_async(name, parked_id) if runner is not None else None
        if runner is None or entry is None:
            return None
        if await self._parked.has_earlier_async(entry):
            await self._parked.put_back_async(
                entry, attempts=entry["attempts"], error=entry["error"], state=entry["state"]
            )
            return "blocked"
        corrupt: list[CorruptFact] = []
        facts, _ = await self._feeds[entry["log"]].read_log_async(entry["position"] - 1, 1, None, corrupt)
        fact = next((one for one in facts if one.index == entry["index"]), None)
        why: str | None
        if fact is None:
            why = "the event still cannot be read" if corrupt else "the event is gone"
        else:
            why = await try_once_async(runner.subscriber, fact)
        if why is None:
            await self._parked.drop_async(name, parked_id)
            return "replayed"
        await self._parked.put_back_async(entry, attempts=entry["attempts"] + 1, error=why)
        return "failed"

    async def drop_async(self, name: str, parked_id: str) -> bool:
        return await self._parked.drop_async(name, parked_id)

    # --- read models

    async def read_models_async(self) -> list[ReadModelStatus]:
        """Return how each read model stands, by name."""
        statuses = []
        for name, runner in sorted(self._projections.items()):
            checkpoint = await self._checkpoints.get_async(ReadModelWatch.checkpoint_id(name))
            head = await self._feeds[runner.projector.log].head_async()
            status = await self._status_async(name, checkpoint, runner.projector.log, head)
            statuses.append(replace(status, last_error=runner.failure))
        statuses += [await model.read_model_async() for model in self._own_models.values()]
        return sorted(statuses, key=lambda status: status.name)

    async def _status_async(self, name: str, checkpoint: Checkpoint | None, log: str, head: int) -> ReadModelStatus:
        documents = 0
        if checkpoint is not None:
            with translating_outages("the read model store"):
                documents = await self._driver.collection(checkpoint.collection).estimated_document_count()
        position = checkpoint.position if checkpoint else 0
        return ReadModelStatus(
            name=name,
            log=log,
            collection=checkpoint.collection if checkpoint else "",
            documents=documents,
            position=position,
            head=head,
            lag=max(0, head - position),
            rebuilding=await self._leases.holder_async(rebuild_lease_key(name)) is not None,
            rebuilt_at=checkpoint.rebuilt_at if checkpoint else None,
        )

    async def rebuild_async(self, name: str, on_progress: Progress | None = None) -> ReadModelStatus | None:
        own = self._own_models.get(name)
        if own is not None:
            await own.rebuild_async(on_progress)
            return await own.read_model_async()
        runner = self._projections.get(name)
        serving = await self._checkpoints.get_async(ReadModelWatch.checkpoint_id(name)) if runner else None
        if runner is None or serving is None:
            return None
        feed = self._feeds[runner.projector.log]
        rebuild = ReadModelRebuild(runner.projector, feed, self._driver, self._checkpoints, self._leases)
        rebuilt = await rebuild.run_async(serving, on_progress)
        self.watch.saw(rebuilt)
        return await self._status_async(name, rebuilt, rebuilt.log, await feed.head_async())

    async def wait_async(self, name: str, position: int, timeout_seconds: float) -> bool:
        own = self._own_models.get(name)
        if own is not None:
            return await own.wait_for_async(position, timeout_seconds)
        return await self.watch.wait_async(name, position, timeout_seconds)


def _followed(model: ReadModelStatus, failure: str | None) -> SubscriptionStatus:
    """Return how a read model stands that each process keeps for itself: nobody holds it, and it parks nothing."""
    return SubscriptionStatus(
        name=model.name,
        log=model.log,
        kind="read model",
        position=model.position,
        head=model.head,
        lag=model.lag,
        parked=0,
        waiting=0,
        holder=None,
        last_error=failure,
    )
