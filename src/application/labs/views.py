"""What people read of the labs context, and the ports that answer it from read models."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from application.kernel.paging import Page
from domain.labs.values import LabOperation


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker as it is now. Times are aware UTC.

    Attributes:
        reachability_changed_at: None until it was reached, or not, for the first time.
        labs_held: labs whose removal waits until the next listing says the same.
        version: its aggregate's, for ``If-Match``.
        last_synced_at: None if never.
        stale_since, last_error: since when its refreshes fail, and why; None while they succeed.
        next_refresh_at: None when none is planned.
    """

    worker_id: str
    name: str
    region: str
    endpoint_url: str
    verify_tls: bool
    active: bool
    max_history_size: int
    reachability: str
    reachability_reason: str
    reachability_changed_at: datetime | None
    labs_held: int
    registered_at: datetime
    decommissioned: bool
    version: int
    last_synced_at: datetime | None = None
    stale_since: datetime | None = None
    last_error: str | None = None
    next_refresh_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WorkerLabsAnswer:
    """A worker's labs, encoded as JSON once and kept until something changes.

    Attributes:
        body: the array.
        tag: changes exactly when the body does.
        last_synced_at: when the worker was last synced; None if never.
        stale_since: since when its refreshes fail; None while they succeed.
        is_current: tells, without asking the store, whether the answer would be the same now and its worker is as it
            was; False also when that is not certain.
    """

    body: bytes
    tag: str
    last_synced_at: datetime | None
    stale_since: datetime | None
    is_current: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class LabFilter:
    """What to list. None means all; ``text`` is looked for in title, description and notes, without regard to case."""

    region: str | None = None
    worker_id: str | None = None
    state: str | None = None
    owner_username: str | None = None
    text: str | None = None
    include_removed: bool = False


LAB_SORTS = ("title", "state", "owner_username", "node_count", "link_count", "created", "modified", "record_id")
"""Fields that labs can be sorted by; a leading ``-`` turns the order round."""


@dataclass(frozen=True, slots=True)
class LabDetails:
    """One lab with its last operations, newest first. ``fields`` are those of a list item.

    ``last_synced_at`` and ``stale_since`` are as in ``WorkerLabsAnswer``.
    """

    fields: dict[str, Any]
    operation_history: list[LabOperation] = field(default_factory=list)
    version: int = 0
    last_synced_at: datetime | None = None
    stale_since: datetime | None = None


class WorkerViews(ABC):
    """Reads workers. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def get_async(self, worker_id: str) -> WorkerView | None:
        """Return a worker, decommissioned or not; None when it was never registered."""

    @abstractmethod
    async def list_async(
        self, region: str | None, status: str | None, limit: int, cursor: str | None
    ) -> Page[WorkerView]:
        """Return workers that are not decommissioned, by name.

        Args:
            region: None for all regions.
            status: ``active``, ``inactive``, ``decommissioned`` or a reachability; None for all not decommissioned.

        Raises:
            BadCursorError: the cursor is not of this list.
        """

    @abstractmethod
    async def list_active_ids_async(self) -> list[str]:
        """Return the ids of all workers that are to be refreshed."""


class LabViews(ABC):
    """Reads labs. Raises ``UnavailableError`` when the store does not answer."""

    @abstractmethod
    async def list_of_worker_async(self, worker_id: str, *, include_removed: bool) -> WorkerLabsAnswer:
        """Return all labs of a worker, by title."""

    @abstractmethod
    async def list_async(self, wanted: LabFilter, sort: str, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
        """Return labs of all workers.

        Args:
            sort: one of :data:`LAB_SORTS`, with ``-`` in front for descending.

        Raises:
            BadCursorError: the cursor is not of this list.
        """

    @abstractmethod
    async def get_async(self, record_id: str) -> LabDetails | None:
        """Return one lab, removed or not; None when there is no such record."""

    @abstractmethod
    async def get_as_of_async(self, record_id: str, at: datetime) -> LabDetails | None:
        """Return one lab as it was; None when it had not been seen by then."""
