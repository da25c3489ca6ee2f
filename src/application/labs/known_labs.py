"""What a process remembers of a worker's records between two refreshes, and when it may still believe it."""

from dataclasses import dataclass, field

from domain.labs.lab_record import LabRecord
from domain.labs.reconciliation import KnownLab
from domain.labs.repositories import LabRecordRepository


@dataclass(slots=True)
class KnownWorkerLabs:
    """Records of one worker as of one holding of its refresh lease."""

    token: int
    labs: dict[str, KnownLab] = field(default_factory=dict)

    def note(self, record: LabRecord) -> None:
        """Take over a stored record."""
        self.labs[record.state.lab_id] = KnownLab(record.state.compared(), record.state.removed)


class KnownLabs:
    """Remembers per worker.

    Records change only under the worker's refresh lease. Its fencing token grows with each holding, so what was learnt
    under the holding just before this one is still true; anything else is read again.
    """

    def __init__(self, records: LabRecordRepository) -> None:
        self._records = records
        self._by_worker: dict[str, KnownWorkerLabs] = {}

    async def under_async(self, worker_id: str, token: int) -> KnownWorkerLabs:
        """Return what is known of a worker's labs under a holding of its lease."""
        known = self._by_worker.pop(worker_id, None)
        if known is None or known.token != token - 1:
            known = KnownWorkerLabs(token)
            for record in await self._records.get_all_by_worker_async(worker_id):
                known.note(record)
        known.token = token
        return known

    def keep(self, worker_id: str, known: KnownWorkerLabs) -> None:
        """Remember what holds at the end of a holding. Not called after a failure: then it is read again."""
        self._by_worker[worker_id] = known
