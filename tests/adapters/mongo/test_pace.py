"""How long a reader lets commits gather, and who hurries it."""

import asyncio
import time

import pytest

from domain.kernel.clock import SystemClock
from integration.mongo.driver import MongoDriver
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.pace import FEW_COMMITS, GATHER_SECONDS, Pace
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch


class HandTime:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_the_first_event_after_a_rest_is_read_at_once() -> None:
    monotonic = HandTime()
    pace = Pace(monotonic)
    assert pace.pause_seconds(1) == 0
    pace.worked(1)
    monotonic.seconds += GATHER_SECONDS
    assert pace.pause_seconds(1) == 0


def test_a_trickle_gathers() -> None:
    monotonic = HandTime()
    pace = Pace(monotonic)
    pace.worked(1)
    assert pace.pause_seconds(1) == pytest.approx(GATHER_SECONDS)
    monotonic.seconds += GATHER_SECONDS / 2
    assert 0 < pace.pause_seconds(1) < GATHER_SECONDS


def test_whoever_is_behind_does_not_wait() -> None:
    pace = Pace(HandTime())
    pace.worked(1)
    assert pace.pause_seconds(FEW_COMMITS) == 0
    pace.worked(FEW_COMMITS)
    assert pace.pause_seconds(1) == 0


async def test_somebody_who_waits_for_a_model_ends_the_pause(driver: MongoDriver) -> None:
    watch = ReadModelWatch(driver, Checkpoints(driver, SystemClock()))
    pause = asyncio.create_task(watch.until_wanted_async("mine", 30))
    other = asyncio.create_task(watch.wait_async("other", 1, 5))
    await asyncio.sleep(0.2)
    assert not pause.done()
    waiting = asyncio.create_task(watch.wait_async("mine", 1, 5))
    await asyncio.wait_for(pause, 5)
    began = time.monotonic()
    await watch.until_wanted_async("mine", 30)  # who waits already is not waited for
    assert time.monotonic() - began < 5
    for task in (other, waiting):
        task.cancel()
    await asyncio.gather(other, waiting, return_exceptions=True)
    await watch.until_wanted_async("mine", 0.01)
