"""Aggregates kept as streams of events."""

from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.data.infrastructure.event_sourcing.abstractions import Aggregator
from neuroglia.data.infrastructure.event_sourcing.event_sourcing_repository import (
    EventSourcingRepository,
    EventSourcingRepositoryOptions,
)

from domain.kernel.aggregate import Aggregate
from domain.kernel.domain_event import RecordedDomainEvent
from domain.kernel.stream_events import StreamDeletedDomainEvent
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.events.snapshots import Snapshots

TAggregate = TypeVar("TAggregate", bound=Aggregate[Any])


class MongoEventSourcedRepository(EventSourcingRepository[TAggregate, str], Generic[TAggregate]):
    """neuroglia's event-sourcing repository on the MongoDB event store.

    An outage raises ``UnavailableError``; None means "not there". Pending events are cleared once they are stored and
    stay when they are refused, so a stale instance keeps being refused. Events reach subscribers through the log, never
    by a best-effort publish after the fact.

    Args:
        store: the log of the aggregate's context.
        aggregate_type: the class to rebuild.
        snapshots: where states of long streams are kept; None to do without.
    """

    def __init__(
        self, store: MongoEventStore, aggregate_type: type[TAggregate], snapshots: Snapshots | None = None
    ) -> None:
        super().__init__(store, Aggregator(), None, EventSourcingRepositoryOptions())
        self._store = store
        self._aggregate_type = aggregate_type
        self._snapshots = snapshots
        self._prefix = f"{aggregate_type.category()}-"

    def stream_of(self, aggregate_id: str) -> str:
        """Return the name of an aggregate's stream."""
        return self._prefix + aggregate_id

    async def contains_async(self, id: str) -> bool:  # noqa: A002  # neuroglia's name
        return await self._store.contains_async(self.stream_of(id))

    async def get_async(self, id: str) -> TAggregate | None:  # noqa: A002  # neuroglia's name
        aggregate = self._aggregate_type()
        stream = self.stream_of(id)
        if self._snapshots is not None:
            await self._snapshots.restore_async(stream, aggregate)
        version = aggregate.state.state_version
        events = await self._store.load_events_async(stream, after=version)
        rebuilt = self._rebuild(aggregate, events)
        if rebuilt is not None and self._snapshots is not None:
            await self._snapshots.take_if_due_async(stream, rebuilt, version)
        return rebuilt

    async def get_many_async(self, ids: Sequence[str]) -> dict[str, TAggregate]:
        """Return the aggregates that exist among the given ids, by id."""
        loaded = await self._store.load_many_async([self.stream_of(one) for one in ids])
        return self._rebuild_all(loaded.values())

    async def get_by_id_prefix_async(self, prefix: str) -> dict[str, TAggregate]:
        """Return the aggregates whose id starts with ``prefix``, by id, in order of id."""
        loaded = await self._store.load_by_prefix_async(self.stream_of(prefix))
        return self._rebuild_all(loaded.values())

    async def save_many_async(self, aggregates: Sequence[TAggregate]) -> dict[str, OptimisticConcurrencyException]:
        """Store the pending events of many aggregates in one go, one commit each.

        Returns:
            The refusal per id for those that another writer changed meanwhile; those keep their pending events.

        Raises:
            UnavailableError: the store gives no answer; some may have been stored.
        """
        changed = [aggregate for aggregate in aggregates if aggregate.pending_events]
        answers = await self._store.commit_many_async(
            [(self.stream_of(one.state.id), one.pending_events, one.state.state_version) for one in changed]
        )
        refused: dict[str, OptimisticConcurrencyException] = {}
        for aggregate, answer in zip(changed, answers, strict=True):
            if isinstance(answer, OptimisticConcurrencyException):
                refused[aggregate.state.id] = answer
            else:
                aggregate.mark_committed()
        return refused

    async def _do_add_async(self, entity: TAggregate) -> TAggregate:
        if entity.state.state_version:
            raise OptimisticConcurrencyException(entity.state.id, 0, entity.state.state_version)
        return await self._commit_async(entity)

    async def _do_update_async(self, entity: TAggregate) -> TAggregate:
        return await self._commit_async(entity)

    async def _do_remove_async(self, id: str) -> None:  # noqa: A002  # neuroglia's name
        """Erase the aggregate's events for good; see ``MongoEventStore.delete_async``."""
        await self._store.delete_async(self.stream_of(id))
        if self._snapshots is not None:
            await self._snapshots.discard_async(self.stream_of(id))

    async def _commit_async(self, aggregate: TAggregate) -> TAggregate:
        pending = aggregate.pending_events
        if pending:
            stream = self.stream_of(aggregate.state.id)
            await self._store.commit_async(stream, pending, aggregate.state.state_version)
            aggregate.mark_committed()
        return aggregate

    def _rebuild(self, aggregate: TAggregate, events: Sequence[RecordedDomainEvent]) -> TAggregate | None:
        if events and isinstance(events[-1], StreamDeletedDomainEvent):
            return None
        aggregate.replay(events)
        return aggregate if aggregate.state.state_version else None

    def _rebuild_all(self, streams: Iterable[Sequence[RecordedDomainEvent]]) -> dict[str, TAggregate]:
        rebuilt = (self._rebuild(self._aggregate_type(), events) for events in streams)
        return {aggregate.state.id: aggregate for aggregate in rebuilt if aggregate is not None}
