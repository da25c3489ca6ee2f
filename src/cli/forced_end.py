"""The end that a second signal asks for: nothing is waited for, and no process of ours stays."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from cli.output import warn

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
