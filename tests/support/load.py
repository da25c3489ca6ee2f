"""Writers on the log of tallies that count what was acknowledged, and the audit of what is stored."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from neuroglia.data.exceptions import OptimisticConcurrencyException

from domain.kernel.errors import UnavailableError
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_store import MongoEventStore
from tests.support.tallies import counted, holes, raw_commits, version_faults


@dataclass
class Load:
    """Writers that go on through outages; each commit carries a command id of its own and is retried with it.

    Attributes:
        acked: position by command id, as answered.
        retried: commands that were sent more than once.
        contradicted: commands that were answered twice, differently.
    """

    stores: list[MongoEventStore]
    acked: dict[str, int] = field(default_factory=dict)
    retried: set[str] = field(default_factory=set)
    refused: int = 0
    contradicted: list[str] = field(default_factory=list)
    longest_gap_seconds: float = 0.0
    _last_ack: float = 0.0
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def start(self, writers: int, streams_each: int = 3) -> None:
        self._last_ack = time.monotonic()
        for number in range(writers):
            store = self.stores[number % len(self.stores)]
            self._tasks.append(asyncio.create_task(self._write(store, number, streams_each)))

    async def run_until(self, acked: int, seconds: float = 150) -> None:
        """Wait until so many more commits are acknowledged."""
        goal = len(self.acked) + acked
        async with asyncio.timeout(seconds):
            while len(self.acked) < goal:
                for task in self._tasks:
                    if task.done():
                        task.result()
                await asyncio.sleep(0.005)

    async def stop(self, seconds: float = 150) -> None:
        """Let each writer finish what it has under way."""
        self._stop.set()
        async with asyncio.timeout(seconds):
            await asyncio.gather(*self._tasks)

    async def _write(self, store: MongoEventStore, number: int, streams: int) -> None:
        heads = dict.fromkeys(range(streams), 0)
        turn = 0
        while not self._stop.is_set():
            turn += 1
            lane = turn % streams
            stream, head = f"tally-{number}.{lane}", heads[lane]
            command = f"{number}:{turn}"
            position = await self._insist(store, stream, head, command)
            heads[lane] = head + 1
            self.acked[command] = position
            now = time.monotonic()
            self.longest_gap_seconds = max(self.longest_gap_seconds, now - self._last_ack)
            self._last_ack = now
            if turn % 7 == 0:
                self.retried.add(command)
                again = await self._insist(store, stream, head, command)
                if again != position:
                    self.contradicted.append(command)

    async def _insist(self, store: MongoEventStore, stream: str, head: int, command: str) -> int:
        while True:
            try:
                position, _ = await store.commit_async(stream, [counted(stream, head + 1)], head, command)
            except UnavailableError:
                self.refused += 1
                self.retried.add(command)
                await asyncio.sleep(0.05)
            except OptimisticConcurrencyException:
                raise AssertionError(f"{command} met a conflict on a stream of its own") from None
            else:
                return position


@dataclass(frozen=True)
class Audit:
    acked: int
    stored: int
    lost: int
    doubled: int
    invented: int
    moved: int
    holes: int
    version_faults: int

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.invented or self.moved or self.holes or self.version_faults)


async def audit(driver: MongoDriver, load: Load) -> Audit:
    """Hold what is stored against what was acknowledged."""
    commits: list[dict[str, Any]] = await raw_commits(driver)
    times = Counter(commit["cmd"] for commit in commits)
    events = Counter(event["id"] for commit in commits for event in commit["e"])
    where = {commit["cmd"]: commit["_id"] for commit in commits}
    return Audit(
        acked=len(load.acked),
        stored=len(commits),
        lost=sum(command not in where for command in load.acked),
        doubled=sum(count > 1 for count in times.values()) + sum(count > 1 for count in events.values()),
        invented=sum(command not in load.acked for command in where),
        moved=sum(where.get(command, position) != position for command, position in load.acked.items())
        + len(load.contradicted),
        holes=holes(commits),
        version_faults=version_faults(commits),
    )
