"""What a process remembers of a worker's records between two refreshes, and when it may still believe it."""

from dataclasses import dataclass, field

from application.kernel.credentials import Credentials
from application.labs.ports import LabListing
from domain.labs.cml_worker import CmlWorker
from domain.labs.lab_record import LabRecord
from domain.labs.reconciliation import KnownLab, Reconciliation, Removals, reconcile
from domain.labs.repositories import LabRecordRepository
from domain.labs.values import LabSnapshot


@dataclass(slots=True)
class KnownWorkerLabs:
    """One worker as of one holding of its refresh lease; the credentials with the worker's version they belong to."""

    token: int
    credentials: tuple[int, Credentials] | None = None
    labs: dict[str, KnownLab] = field(default_factory=dict)
    records: dict[str, LabRecord] = field(default_factory=dict)
    """The records as they are stored, by lab id. To change one is to lose it unless the change is stored."""
    settled: LabListing | None = None
    """The listing that the records were last brought up to, if nothing of it was left open."""
    agreed: dict[str, LabSnapshot] = field(default_factory=dict)
    """What the records agree with, by lab id: the labs of that listing."""

    def plan(self, listing: LabListing, held: frozenset[str]) -> Reconciliation:
        """Hold a listing against what is known."""
        if listing is self.settled and not held:
            return Reconciliation(unchanged=len(listing.labs), known_labs=len(listing.labs))
        return reconcile(
            self.labs, listing.labs, trust_absence=_speaks_of_all(listing), held=held, as_known=self.agreed
        )

    def settle(self, listing: LabListing, plan: Reconciliation) -> None:
        """Remember that all records are as this listing says, if they are."""
        is_settled = _speaks_of_all(listing) and plan.removals is not Removals.HELD
        self.settled = listing if is_settled else None
        self.agreed = {lab.lab_id: lab for lab in listing.labs} if is_settled else {}

    def note(self, record: LabRecord) -> None:
        """Take over a stored record."""
        self.labs[record.state.lab_id] = KnownLab(record.state.compared(), record.state.removed)
        self.records[record.state.lab_id] = record


def _speaks_of_all(listing: LabListing) -> bool:
    return listing.complete and not listing.failures


class KnownLabs:
    """Remembers per worker.

    Records change only under the worker's refresh lease. Its fencing token grows with each holding, so what was learnt
    under the holding just before this one is still true; anything else is read again.
    """

    def __init__(self, records: LabRecordRepository) -> None:
        self._records = records
        self._by_worker: dict[str, KnownWorkerLabs] = {}

    def held_last(self, worker: CmlWorker, token: int) -> bool:
        """Tell whether the holding before this one was this process', and left the worker as it is given here."""
        known = self._by_worker.get(worker.state.id)
        if known is None or known.credentials is None:
            return False
        return known.token == token - 1 and known.credentials[0] == worker.state.state_version

    def credentials_of(self, worker: CmlWorker) -> Credentials | None:
        """Return the credentials used last; None when the worker has changed since, as by replacing them."""
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
