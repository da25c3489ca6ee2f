"""A circuit opens after failures in a row, and one probe finds out whether it may close."""

import asyncio

import pytest

from integration.http.circuit_breaker import CircuitBreaker, CircuitOpenError


class IllnessError(Exception):
    pass


class RefusalError(Exception):
    pass


class Scene:
    def __init__(self) -> None:
        self.now = 0.0
        self.breaker = CircuitBreaker(
            counts=lambda error: isinstance(error, IllnessError), failure_threshold=3, monotonic=lambda: self.now
        )

    async def call(self, error: Exception | None = None, key: str = "a") -> None:
        async with self.breaker.guarding(key):
            if error is not None:
                raise error

    async def fail(self, times: int = 1, key: str = "a") -> None:
        for _ in range(times):
            with pytest.raises(IllnessError):
                await self.call(IllnessError(), key)


async def test_it_opens_after_failures_in_a_row_and_says_for_how_long() -> None:
    scene = Scene()
    await scene.fail(3)
    scene.now = 10.0
    with pytest.raises(CircuitOpenError) as caught:
        await scene.call()
    assert caught.value.retry_after_seconds == 20.0


async def test_a_success_in_between_starts_the_count_again() -> None:
    scene = Scene()
    await scene.fail(2)
    await scene.call()
    await scene.fail(2)
    await scene.call()


async def test_a_refusal_is_not_a_failure() -> None:
    scene = Scene()
    for _ in range(5):
        with pytest.raises(RefusalError):
            await scene.call(RefusalError())
    await scene.call()


async def test_keys_do_not_concern_each_other() -> None:
    scene = Scene()
    await scene.fail(3, key="a")
    await scene.call(key="b")


async def test_a_probe_that_succeeds_closes_it() -> None:
    scene = Scene()
    await scene.fail(3)
    scene.now = 30.0
    await scene.call()
    await scene.fail(2)
    await scene.call()


async def test_a_probe_that_fails_opens_it_for_the_full_time_again() -> None:
    scene = Scene()
    await scene.fail(3)
    scene.now = 31.0
    await scene.fail(1)
    with pytest.raises(CircuitOpenError) as caught:
        await scene.call()
    assert caught.value.retry_after_seconds == 30.0


async def test_of_many_callers_exactly_one_is_the_probe() -> None:
    scene = Scene()
    await scene.fail(3)
    scene.now = 30.0
    let_go = asyncio.Event()
    ran = 0

    async def caller() -> None:
        nonlocal ran
        async with scene.breaker.guarding("a"):
            ran += 1
            await let_go.wait()

    callers = [asyncio.create_task(caller()) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    let_go.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert ran == 1
    assert sum(isinstance(result, CircuitOpenError) for result in results) == 19


async def test_a_cancelled_probe_makes_room_for_the_next() -> None:
    scene = Scene()
    await scene.fail(3)
    scene.now = 30.0

    async def probe() -> None:
        async with scene.breaker.guarding("a"):
            await asyncio.sleep(60)

    task = asyncio.create_task(probe())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await scene.call()
    await scene.call()


async def test_a_straggler_from_before_it_opened_neither_closes_nor_prolongs_it() -> None:
    scene = Scene()
    let_go = asyncio.Event()

    async def straggler() -> None:
        async with scene.breaker.guarding("a"):
            await let_go.wait()

    task = asyncio.create_task(straggler())
    await asyncio.sleep(0)
    await scene.fail(3)
    let_go.set()
    await task
    with pytest.raises(CircuitOpenError):
        await scene.call()


async def test_a_forgotten_key_starts_over() -> None:
    scene = Scene()
    await scene.fail(3)
    scene.breaker.forget("a")
    await scene.call()
