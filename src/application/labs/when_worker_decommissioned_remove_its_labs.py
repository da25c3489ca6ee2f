"""A decommissioned worker's records are removed, whatever became of the process that decommissioned it."""

from application.kernel.event_feed import RecordedFact
from application.kernel.leases import Leases
from application.kernel.subscriptions import Subscriber
from application.labs.refresh_rules import refresh_lease_key
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from domain.labs.events import CmlWorkerDecommissionedDomainEvent
from domain.labs.repositories import LabRecordRepository
from domain.labs.values import RemovalReason

LEASE_SECONDS = 60.0


class WhenWorkerDecommissionedRemoveItsLabs(Subscriber):
    """Waits for a refresh under way to end, then removes every record of the worker."""

    name = "decommissioned-workers"
    log = "labs"
    event_types = frozenset({CmlWorkerDecommissionedDomainEvent.event_type})

    def __init__(self, records: LabRecordRepository, leases: Leases, clock: Clock) -> None:
        self._records = records
        self._leases = leases
        self._clock = clock

    async def handle_async(self, fact: RecordedFact) -> None:
        worker_id = fact.event.aggregate_id
        lease = await self._leases.try_acquire_async(refresh_lease_key(worker_id), LEASE_SECONDS)
        if lease is None:
            raise UnavailableError(f"worker {worker_id} is still being refreshed")
        try:
            present = [
                record for record in await self._records.get_all_by_worker_async(worker_id) if not record.state.removed
            ]
            for record in present:
                record.remove(self._clock.now(), RemovalReason.WORKER_DECOMMISSIONED)
            await self._records.save_many_async(present)
        finally:
            await self._leases.release_async(lease)
