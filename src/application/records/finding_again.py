"""Whether what was found a moment ago would be found again, without looking for it."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime

from application.kernel.request_context import current_request
from domain.kernel.errors import LabkeeperError
from domain.records.values import RecordScope


@dataclass(frozen=True, slots=True)
class ScopeMark:
    """How a store stands.

    Attributes:
        mark: while this is equal the same is found in the scope.
        as_of, stale_since: as in ``FoundRecords``.
    """

    mark: Hashable
    as_of: datetime | None = None
    stale_since: datetime | None = None


class ScopeMarks(ABC):
    """Tells how a store stands; as certain as finding, and much less work."""

    @abstractmethod
    async def of_async(self, username: str, scope: RecordScope) -> ScopeMark | None:
        """Return how a scope stands for somebody; None when that cannot be told.

        Raises:
            As ``LabsRecordRepository.find_async``: whoever may not find anything there gets no mark either.
        """


class NoScopeMarks(ScopeMarks):
    """Never knows."""

    async def of_async(self, username: str, scope: RecordScope) -> ScopeMark | None:
        del username, scope
        return None


Again = Callable[[], Awaitable[ScopeMark | None]]
"""Returns how old the same answer would be now for whoever asks now; None when they may get another, or none."""


async def finding_again_async(
    marks: ScopeMarks, scope: RecordScope, meant: Callable[[], Awaitable[RecordScope]] | None = None
) -> Again | None:
    """Return what tells whether an answer may be given again; to be called before its records are looked for.

    Args:
        meant: returns the scope that whoever asks now means; None when it does not depend on who that is.

    Raises:
        As ``LabsRecordRepository.find_async``.
    """
    before = await marks.of_async(current_request().actor, scope)
    if before is None:
        return None

    async def again() -> ScopeMark | None:
        try:
            if meant is not None and await meant() != scope:
                return None
            now = await marks.of_async(current_request().actor, scope)
        except LabkeeperError:
            return None
        return now if now is not None and now.mark == before.mark else None

    return again
