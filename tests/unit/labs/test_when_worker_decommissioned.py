"""A decommissioned worker's records are removed; a redelivery removes what is left."""

from datetime import UTC, datetime

import pytest

from application.kernel.event_feed import RecordedFact
from application.kernel.leases import Lease, Leases
from application.labs.refresh_rules import refresh_lease_key
from application.labs.when_worker_decommissioned_remove_its_labs import WhenWorkerDecommissionedRemoveItsLabs
from domain.kernel.errors import UnavailableError
from domain.labs.events import CmlWorkerDecommissionedDomainEvent
from domain.labs.lab_record import LabRecord
from domain.labs.values import LabId, LabSnapshot
from tests.support.fakes import FakeLabRecordRepository
from tests.support.tallies import HandClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class OneLease(Leases):
    """Leases in memory."""

    def __init__(self) -> None:
        self.holders: dict[str, str] = {}

    async def try_acquire_async(self, key: str, ttl_seconds: float) -> Lease | None:
        if key in self.holders:
            return None
        self.holders[key] = "me"
        return Lease(key, "me", 1)

    async def renew_async(self, lease: Lease, ttl_seconds: float) -> bool:
        return lease.key in self.holders

    async def release_async(self, lease: Lease) -> None:
        self.holders.pop(lease.key, None)

    async def holder_async(self, key: str) -> str | None:
        return self.holders.get(key)


def fact() -> RecordedFact:
    event = CmlWorkerDecommissionedDomainEvent(aggregate_id="w1", created_at=NOW, event_id="w1.2", aggregate_version=2)
    return RecordedFact("labs", 2, 0, "cml-worker-w1", event, NOW)


async def test_every_record_of_the_worker_is_removed_once() -> None:
    records, leases = FakeLabRecordRepository(), OneLease()
    for worker, lab in (("w1", "a"), ("w1", "b"), ("w2", "a")):
        snapshot = LabSnapshot(lab_id=LabId(lab), title="t", state="STARTED")
        await records.add_async(LabRecord.create(worker, snapshot, NOW))
    subscriber = WhenWorkerDecommissionedRemoveItsLabs(records, leases, HandClock())
    await subscriber.handle_async(fact())
    await subscriber.handle_async(fact())
    states = [record.state for record in await records.get_all_by_worker_async("w1")]
    assert [(state.removed, state.state_version) for state in states] == [(True, 2), (True, 2)]
    assert [record.state.removed for record in await records.get_all_by_worker_async("w2")] == [False]
    assert leases.holders == {}


async def test_it_waits_for_a_refresh_under_way() -> None:
    leases = OneLease()
    leases.holders[refresh_lease_key("w1")] = "a refresh"
    subscriber = WhenWorkerDecommissionedRemoveItsLabs(FakeLabRecordRepository(), leases, HandClock())
    with pytest.raises(UnavailableError):
        await subscriber.handle_async(fact())
    assert leases.holders == {refresh_lease_key("w1"): "a refresh"}
