"""Subscriptions and read models over the log of tallies, as an application runs them."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from application.kernel.subscriptions import Projector, Subscriber
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.mongo.subscriptions.subscription_host import MongoSubscriptions
from tests.support.tallies import HandClock, counted, tally_store

ROOT = Path(__file__).parents[2]


@dataclass
class Hosted:
    host: MongoSubscriptions
    store: MongoEventStore
    driver: MongoDriver

    async def position_async(self, name: str) -> int:
        return next(one.position for one in await self.host.list_async() if one.name == name)

    async def caught_up_async(self, name: str, seconds: float = 90) -> None:
        """Wait until a subscription or read model has seen the whole log."""
        async with asyncio.timeout(seconds):
            while await self.position_async(name) < await self.store.head_async():  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def count_async(self, stream: str, versions: Sequence[int]) -> None:
        """Append one commit per version to a stream."""
        for version in versions:
            await self.store.commit_async(stream, [counted(stream, version)], version - 1)

    async def documents_async(self, name: str) -> dict[str, Any]:
        """Return all documents of the collection that serves a read model."""
        checkpoint = await self.host.watch.current_async(name)
        assert checkpoint is not None
        found = await self.driver.collection(checkpoint.collection).find({}).to_list(None)
        return {document["_id"]: document for document in found}


@asynccontextmanager
async def hosted(
    driver: MongoDriver,
    *,
    subscribers: Sequence[Subscriber] = (),
    projectors: Sequence[Projector] = (),
    store: MongoEventStore | None = None,
    holder: str | None = None,
) -> AsyncIterator[Hosted]:
    """Run a host until the block ends; like one process."""
    own = store or tally_store(driver)
    await own.prepare_async()
    watch = ReadModelWatch(driver, Checkpoints(driver, HandClock()))
    host = MongoSubscriptions(driver, MongoLeases(driver, holder), HandClock(), watch, [own], subscribers, projectors)
    await host.start_async()
    try:
        yield Hosted(host, own, driver)
    finally:
        await host.stop_async()
        await own.close_async()


def start_process(module: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a python process on a module of the tests; its output is a pipe."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    )


def end_process(process: "subprocess.Popen[str]") -> None:
    """Kill a process with signal 9 and forget it."""
    process.kill()
    process.communicate()
