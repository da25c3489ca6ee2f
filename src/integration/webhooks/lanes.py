"""Which lane is worked on next: each at most once at a time, webhooks in turn, within bounds."""

import heapq
from collections import Counter, OrderedDict, deque
from datetime import datetime

from application.webhooks.deliveries import Lane


class Lanes:
    """Lanes with something to deliver, now or later.

    Args:
        per_webhook: lanes of one webhook that may be worked on at the same time.
        in_all: lanes that may be worked on at the same time.
    """

    def __init__(self, per_webhook: int, in_all: int) -> None:
        self._per_webhook = per_webhook
        self._in_all = in_all
        self._due: dict[Lane, datetime] = {}
        self._heap: list[tuple[datetime, Lane]] = []
        self._ready: OrderedDict[str, deque[Lane]] = OrderedDict()
        self._is_ready: set[Lane] = set()
        self._busy: dict[Lane, bool] = {}
        self._busy_of: Counter[str] = Counter()

    def touch(self, lane: Lane) -> None:
        """Note that a lane has something due now. One that is worked on is looked at again afterwards."""
        if lane in self._busy:
            self._busy[lane] = True
        else:
            self._due.pop(lane, None)
            self._make_ready(lane)

    def find(self, lane: Lane) -> None:
        """Note that a lane has something pending; changes nothing when that is known."""
        if lane not in self._due and lane not in self._busy:
            self._make_ready(lane)

    def take(self, now: datetime) -> Lane | None:
        """Return a lane to work on and count it as busy; None when nothing is due or the bounds are reached."""
        while self._heap and self._heap[0][0] <= now:
            at, lane = heapq.heappop(self._heap)
            if self._due.get(lane) == at:
                del self._due[lane]
                self._make_ready(lane)
        if len(self._busy) >= self._in_all:
            return None
        for webhook_id in list(self._ready):
            if self._busy_of[webhook_id] < self._per_webhook:
                return self._begin(webhook_id)
        return None

    def release(self, lane: Lane, due_at: datetime | None) -> None:
        """End the work on a lane. ``due_at`` is when to look at it again; None when it is empty."""
        touched = self._busy.pop(lane)
        self._busy_of[lane.webhook_id] -= 1
        if touched:
            self._make_ready(lane)
        elif due_at is not None:
            self._due[lane] = due_at
            heapq.heappush(self._heap, (due_at, lane))

    def next_due(self) -> datetime | None:
        """Return when the next waiting lane is due; None when none waits."""
        return self._heap[0][0] if self._heap else None

    def _make_ready(self, lane: Lane) -> None:
        if lane not in self._is_ready:
            self._is_ready.add(lane)
            self._ready.setdefault(lane.webhook_id, deque()).append(lane)

    def _begin(self, webhook_id: str) -> Lane:
        waiting = self._ready[webhook_id]
        lane = waiting.popleft()
        self._is_ready.discard(lane)
        if waiting:
            self._ready.move_to_end(webhook_id)
        else:
            del self._ready[webhook_id]
        self._busy[lane] = False
        self._busy_of[webhook_id] += 1
        return lane
