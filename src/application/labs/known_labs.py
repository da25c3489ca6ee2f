"""What a process remembers of a worker's records between two refreshes, and when it may still believe it."""

from dataclasses import dataclass, field

from application.kernel.credentials import Credentials
from domain.labs.cml_worker import CmlWorker
from domain.labs.lab_record import LabRecord
from domain.labs.reconciliation import KnownLab
from domain.labs.repositories import LabRecordRepository


@dataclass(slots=True)
class KnownWorkerLabs:
    """One worker as of one holding of its refresh lease; the credentials with the worker's version they belong to."""

    token: int
    credentials: tuple[int, Credentials] | None = None
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

    def credentials_of(self, worker: CmlWorker) -> Credentials | None:
        """Return the credentials used last if the worker has not changed since; replacing them changes it."""
        known = self._by_worker.get(worker.state.id)
        if known is None or known.credentials is None or known.credentials[0] != worker.state.state_version:
            return None
        return known.credentials[1]

    def forget_credentials(self, worker_id: str) -> None:
        """Have the credentials read anew the next time: these did not get far."""
        if worker_id in self._by_worker:
            self._by_worker[worker_id].credentials = None

    async def under_async(self, worker_id: str, token: int) -> KnownWorkerLabs:
        """Return what is known of a worker's labs under a holding of its lease."""
        known = self._by_worker.pop(worker_id, None)
        if known is None or known.token != token - 1:
            known = KnownWorkerLabs(token)
            for record in await self._records.get_all_by_worker_async(worker_id):
                known.note(record)
        known.token = token
        return known

    def keep(self, worker: CmlWorker, known: KnownWorkerLabs, credentials: Credentials) -> None:
        """Remember what holds at the end of a holding. Not called after a failure: then it is read again."""
        known.credentials = (worker.state.state_version, credentials)
        self._by_worker[worker.state.id] = known
