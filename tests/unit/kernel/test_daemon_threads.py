"""Threads for code that may never return."""

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from application.kernel.daemon_threads import DaemonThreads, EscapedError


def test_work_is_answered_and_its_errors_are_the_callers() -> None:
    threads = DaemonThreads(2, "test")
    assert threads.submit(divmod, 7, 2).result(30) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        threads.submit(divmod, 7, 0).result(30)
    threads.shutdown()
    with pytest.raises(RuntimeError):
        threads.submit(divmod, 7, 2)


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), StopIteration(), asyncio.CancelledError()])
async def test_what_would_end_the_loop_is_told_as_an_error(error: BaseException) -> None:
    def end() -> None:
        raise error

    threads = DaemonThreads(1, "test")
    with pytest.raises(EscapedError, match=type(error).__name__):
        await asyncio.get_running_loop().run_in_executor(threads, end)
    assert await asyncio.get_running_loop().run_in_executor(threads, str, 1) == "1"
    threads.shutdown()


def test_what_has_not_begun_is_forgotten_and_what_never_ends_is_not_waited_for() -> None:
    release = threading.Event()
    threads = DaemonThreads(1, "test")
    begun = threading.Event()
    running = threads.submit(lambda: (begun.set(), release.wait()))
    assert begun.wait(30)
    waiting = threads.submit(str, 1)

    threads.close()
    assert not threads.join(0.1)
    with pytest.raises(CancelledError):
        waiting.result(30)
    assert not running.done()
    release.set()
    assert threads.join(30)
