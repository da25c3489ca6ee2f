"""Questions that the engine is answering, so that any of them can be stopped."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

AGAIN_SECONDS = 0.05
"""An interrupt that comes right before a question begins is forgotten, so it is repeated."""


class RunningQuestion:
    """One question. It may be stopped before its thread has begun, or has a cursor."""

    def __init__(self) -> None:
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self._guard = threading.Lock()
        self._stopped = False

    def run_on(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Say which cursor is going to answer; called in the thread.

        Raises:
            InterruptException: it was stopped already.
        """
        with self._guard:
            if self._stopped:
                raise duckdb.InterruptException("stopped before it began")
            self._cursor = cursor

    def let_go(self) -> None:
        """Forget the cursor: it belongs to the next question."""
        with self._guard:
            self._cursor = None

    def stop(self) -> None:
        """Interrupt it, and let it not begin."""
        with self._guard:
            self._stopped = True
            if self._cursor is not None:
                self._cursor.interrupt()


class RunningQuestions:
    """All that are being answered."""

    def __init__(self) -> None:
        self._running: set[RunningQuestion] = set()
        self._changed = threading.Condition()
        self._closed = False

    def begin(self) -> RunningQuestion:
        """Return a new question."""
        question = RunningQuestion()
        if self._closed:
            question.stop()
        return question

    @contextmanager
    def until_answered(self, question: RunningQuestion) -> Iterator[None]:
        """Count a question as running until the block ends; called in its thread."""
        with self._changed:
            self._running.add(question)
        try:
            yield
        finally:
            question.let_go()
            with self._changed:
                self._running.discard(question)
                self._changed.notify_all()

    def stop(self, question: RunningQuestion) -> bool:
        """Stop one; tell whether it goes on still, so that it must be stopped again."""
        question.stop()
        with self._changed:
            return question in self._running

    def stop_all(self, seconds: float) -> bool:
        """Stop all, also those that are still to begin; tell whether they have ended within so many seconds."""
        self._closed = True
        until = time.monotonic() + seconds
        with self._changed:
            while self._running and time.monotonic() < until:
                for question in self._running:
                    question.stop()
                self._changed.wait(AGAIN_SECONDS)
            return not self._running
