"""Where the aggregates of the labs context are kept.

Every method raises ``UnavailableError`` when the store does not answer; None and empty lists mean "not there".
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime

from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.data.infrastructure.abstractions import Repository

from domain.labs.cml_worker import CmlWorker
from domain.labs.lab_alert import LabAlert
from domain.labs.lab_record import LabRecord


class CmlWorkerRepository(Repository[CmlWorker, str], ABC):
    """Keeps workers."""

    @abstractmethod
    async def get_many_async(self, ids: Sequence[str]) -> dict[str, CmlWorker]:
        """Return the workers that exist among the given ids, by id."""

    @abstractmethod
    async def bar_async(self, worker_id: str, at: datetime) -> None:
        """Make sure that no worker comes to be under an id; nothing happens when one is, or was."""


class LabRecordRepository(Repository[LabRecord, str], ABC):
    """Keeps lab records."""

    @abstractmethod
    async def get_by_lab_id_async(self, worker_id: str, lab_id: str) -> LabRecord | None:
        """Return the record of a worker's lab, removed or not; None if it was never seen."""

    @abstractmethod
    async def get_all_by_worker_async(self, worker_id: str) -> list[LabRecord]:
        """Return every record of a worker, removed ones too, in the order of their lab ids."""

    @abstractmethod
    async def get_many_async(self, ids: Sequence[str]) -> dict[str, LabRecord]:
        """Return the records that exist among the given ids, by id."""

    @abstractmethod
    async def save_many_async(self, aggregates: Sequence[LabRecord]) -> dict[str, OptimisticConcurrencyException]:
        """Append the pending events of many records in one go.

        Returns:
            The refusal per record id for those that another writer changed meanwhile; those keep their pending
            events. Empty when all are stored.
        """


class LabAlertRepository(Repository[LabAlert, str], ABC):
    """Keeps alerts."""
