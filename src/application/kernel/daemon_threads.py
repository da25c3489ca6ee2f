"""Threads for code that may never return: they do not keep the process alive when it is to end."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

_Work = tuple[Future[Any], Callable[[], Any]]


class EscapedError(Exception):
    """Code in a thread tried to end the process, or raised what no future can carry; the message names it."""


class DaemonThreads(Executor):
    """A few threads, each begun when it is needed, which nobody waits for at the end of the process.

    Args:
        most: how many run at once; further work waits its turn, and can be cancelled until then.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._guard = threading.Lock()
        self._busy = 0
        self._closed = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Let a thread call ``fn``. What it raises is the future's error, ``EscapedError`` for what is no Exception.

        Raises:
            RuntimeError: it was shut down.
        """
        future: Future[Any] = Future()
        with self._guard:
            if self._closed:
                raise RuntimeError("no work is taken any more")
            self._busy += 1
            self._waiting.put((future, lambda: fn(*args, **kwargs)))
            if self._busy > len(self._threads) < self._most:
                thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work; ``wait`` until what was taken has ended."""
        self.close(cancel_futures=cancel_futures)
        if wait:
            self.join(None)

    def close(self, *, cancel_futures: bool = True) -> None:
        """Take no more work, and forget what has not begun unless told otherwise."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            if cancel_futures:
                self._forget()
            for _ in self._threads:
                self._waiting.put(None)

    def join(self, seconds: float | None) -> bool:
        """Wait until all threads have ended, so long at most; tell whether they have."""
        until = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            thread.join(None if until is None else max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _forget(self) -> None:
        while True:
            try:
                work = self._waiting.get_nowait()
            except queue.Empty:
                return
            if work is not None:
                work[0].cancel()

    def _work(self) -> None:
        while (work := self._waiting.get()) is not None:
            _perform(*work)
            del work  # what was computed must not stay until the next call
            with self._guard:
                self._busy -= 1


def _perform(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - the edge of a thread: SystemExit must not go further either
        if isinstance(error, Exception) and not isinstance(error, StopIteration | StopAsyncIteration):
            future.set_exception(error)
        else:
            escaped = EscapedError(type(error).__name__)
            escaped.__cause__ = error
            future.set_exception(escaped)
        return
    future.set_result(result)
