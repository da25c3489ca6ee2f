"""What waits in front of the machines, by policy. Times are minutes."""

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence

from integration.labops.whatif.arrival_stream import Job

Batch = Sequence[Job]
_ROUNDING = 1e-6
"""An alarm that the sum of two times sets may come a trifle early."""


class Queues(ABC):
    """What waits."""

    @abstractmethod
    def put(self, job: Job) -> None:
        """Let a specimen wait."""

    @abstractmethod
    def take(self, assays: Sequence[int], now: float) -> Batch | None:
        """Return what a free machine for these assays takes next, one specimen or several; None: nothing yet."""


class CommonQueue(Queues):
    """First come, first served, where every machine works on everything."""

    def __init__(self) -> None:
        self._waiting: deque[Job] = deque()

    def put(self, job: Job) -> None:
        self._waiting.append(job)

    def take(self, assays: Sequence[int], now: float) -> Batch | None:  # noqa: ARG002  every machine takes everything
        return (self._waiting.popleft(),) if self._waiting else None


class QueuePerAssay(Queues):
    """First come, first served among the assays that a machine works on."""

    def __init__(self, assays: int) -> None:
        self._waiting: list[deque[Job]] = [deque() for _ in range(assays)]

    def put(self, job: Job) -> None:
        self._waiting[job[2]].append(job)

    def take(self, assays: Sequence[int], now: float) -> Batch | None:  # noqa: ARG002  who waits may be taken
        best: deque[Job] | None = None
        for assay in assays:
            waiting = self._waiting[assay]
            if waiting and (best is None or waiting[0] < best[0]):
                best = waiting
        return None if best is None else (best.popleft(),)


class PriorityQueues(QueuePerAssay):
    """The preferred assay first.

    Args:
        order: numbers of the assays, the preferred one first.
    """

    def __init__(self, order: Sequence[int]) -> None:
        super().__init__(len(order))
        self._order = order

    def take(self, assays: Sequence[int], now: float) -> Batch | None:  # noqa: ARG002  who waits may be taken
        for assay in self._order:
            if self._waiting[assay] and assay in assays:
                return (self._waiting[assay].popleft(),)
        return None


class BatchQueues(QueuePerAssay):
    """Full batches of one assay, or what there is once one of it has waited too long; the longest waiting first."""

    def __init__(self, assays: int, size: int, longest_wait: float) -> None:
        super().__init__(assays)
        self._size = size
        self._longest_wait = longest_wait

    def take(self, assays: Sequence[int], now: float) -> Batch | None:
        best: deque[Job] | None = None
        for assay in assays:
            waiting = self._waiting[assay]
            if not waiting or (best is not None and best[0] < waiting[0]):
                continue
            if len(waiting) >= self._size or waiting[0][0] + self._longest_wait <= now + _ROUNDING:
                best = waiting
        if best is None:
            return None
        return [best.popleft() for _ in range(min(self._size, len(best)))]
