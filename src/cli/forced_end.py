"""Ends that do not wait: the one that a second signal asks for, and the last step where code cannot be stopped."""

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from cli.output import warn

LAST_THREADS_SECONDS = 0.5
_endings: list[Callable[[], None]] = []


@contextmanager
def ended_by_force(ending: Callable[[], None]) -> Iterator[None]:
    """Have something called, should the end be forced inside the block. It must not wait for anybody's consent."""
    _endings.append(ending)
    try:
        yield
    finally:
        _endings.remove(ending)


def end_at_once(signal_number: int) -> NoReturn:
    """Kill what was started, the latest first, and leave without a further word of anybody."""
    warn("ended at once")
    for ending in reversed(_endings):
        try:
            ending()
        except Exception as error:  # noqa: BLE001  the process edge: what is left must be ended all the same
            warn(f"while ending: {error}")
    sys.stdout.flush()
    os._exit(128 + signal_number)


def leave_runaway_threads() -> None:
    """End the process here, as done, when code of a plugin still runs in a thread; else return.

    Python would take the interpreter apart under that thread, DuckDB with it, which complains or crashes.
    """
    others = [thread for thread in threading.enumerate() if thread.daemon]
    for thread in others:
        thread.join(LAST_THREADS_SECONDS / len(others))
    names = sorted(thread.name for thread in others if thread.is_alive())
    if not names:
        return
    warn(f"left behind what does not end: {', '.join(names)}")
    logging.shutdown()
    sys.stdout.flush()
    os._exit(0)
