"""Repositories in memory; they pass the same contract suite as the real ones."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from neuroglia.data.exceptions import OptimisticConcurrencyException

from domain.kernel.aggregate import Aggregate
from domain.kernel.domain_event import RecordedDomainEvent
from domain.labs.lab_record import LabRecord
from domain.labs.repositories import LabRecordRepository
from domain.labs.values import lab_record_id

TAggregate = TypeVar("TAggregate", bound=Aggregate[Any])


class _FakeStreams(Generic[TAggregate]):
    def __init__(self, kind: type[TAggregate]) -> None:
        self._kind = kind
        self._streams: dict[str, list[RecordedDomainEvent]] = {}

    async def contains_async(self, id: str) -> bool:  # noqa: A002  # neuroglia's name
        return id in self._streams

    async def get_async(self, id: str) -> TAggregate | None:  # noqa: A002  # neuroglia's name
        if id not in self._streams:
            return None
        aggregate = self._kind()
        aggregate.replay(self._streams[id])
        return aggregate

    async def get_many_async(self, ids: Sequence[str]) -> dict[str, TAggregate]:
        found = {one: await self.get_async(one) for one in ids}
        return {key: aggregate for key, aggregate in found.items() if aggregate is not None}

    async def _do_add_async(self, entity: TAggregate) -> TAggregate:
        return self._commit(entity)

    async def _do_update_async(self, entity: TAggregate) -> TAggregate:
        return self._commit(entity)

    async def _do_remove_async(self, id: str) -> None:  # noqa: A002  # neuroglia's name
        self._streams.pop(id, None)

    def _commit(self, aggregate: TAggregate) -> TAggregate:
        if aggregate.pending_events:
            stream = self._streams.get(aggregate.state.id, [])
            if len(stream) != aggregate.state.state_version:
                raise OptimisticConcurrencyException(aggregate.state.id, aggregate.state.state_version, len(stream))
            self._streams[aggregate.state.id] = stream + aggregate.pending_events
            aggregate.mark_committed()
        return aggregate


class FakeLabRecordRepository(_FakeStreams[LabRecord], LabRecordRepository):
    """Lab records in memory."""

    def __init__(self) -> None:
        super().__init__(LabRecord)

    async def add_async(self, entity: LabRecord) -> LabRecord:
        return await self._do_add_async(entity)

    async def update_async(self, entity: LabRecord) -> LabRecord:
        return await self._do_update_async(entity)

    async def remove_async(self, id: str) -> None:  # noqa: A002  # neuroglia's name
        await self._do_remove_async(id)

    async def get_by_lab_id_async(self, worker_id: str, lab_id: str) -> LabRecord | None:
        return await self.get_async(lab_record_id(worker_id, lab_id))

    async def get_all_by_worker_async(self, worker_id: str) -> list[LabRecord]:
        ids = sorted(one for one in self._streams if one.startswith(f"{worker_id}."))
        return list((await self.get_many_async(ids)).values())

    async def save_many_async(self, aggregates: Sequence[LabRecord]) -> dict[str, OptimisticConcurrencyException]:
        refused: dict[str, OptimisticConcurrencyException] = {}
        for aggregate in aggregates:
            try:
                self._commit(aggregate)
            except OptimisticConcurrencyException as error:
                refused[aggregate.state.id] = error
        return refused
