"""Following something until it has ended."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

LOOK_AGAIN_SECONDS = 10.0


class _State(Protocol):
    @property
    def ended(self) -> bool: ...


class _Run(Protocol):
    @property
    def state(self) -> _State: ...


TRun = TypeVar("TRun", bound=_Run)


async def until_ended_async(
    run: TRun, wait_for_progress_async: Callable[[TRun, float], Awaitable[TRun | None]]
) -> AsyncIterator[TRun]:
    """Yield a run as it stands, and again whenever that changes, until it has ended or is there no more.

    Args:
        wait_for_progress_async: returns the run once it is another than the one given, or after so many seconds; None
            when there is none any more.
    """
    yield run
    while not run.state.ended:
        seen = await wait_for_progress_async(run, LOOK_AGAIN_SECONDS)
        if seen is None:
            return
        if seen != run:
            yield seen
        run = seen
