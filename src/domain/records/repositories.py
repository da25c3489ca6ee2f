"""Where records are kept. Three adapters, one contract: the system of record, our own store, a cache over the first.

Every method raises ``UnavailableError`` when the store does not answer; None and empty answers mean "not there".
``username`` is on whose behalf something is done: what that person may not see is not there for them. Membership of a
scope is checked by every method, whatever the caller has checked before.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.records.conditions import EVERYTHING, RecordFilter
from domain.records.values import LabsRecord, RecordItem, RecordScope


@dataclass(frozen=True, slots=True)
class FoundRecords:
    """An answer and how old it is.

    Attributes:
        records: in the order of their ids.
        as_of: when the system of record said so, aware UTC; None when the answer is the store's own.
        stale_since: since when the system of record could not be asked; None while it can.
    """

    records: tuple[LabsRecord, ...]
    as_of: datetime | None = None
    stale_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """One record and how old the answer is; see ``FoundRecords``."""

    record: LabsRecord
    as_of: datetime | None = None
    stale_since: datetime | None = None


class LabsRecordRepository(ABC):
    """Keeps records."""

    @abstractmethod
    async def find_async(
        self,
        username: str,
        scope: RecordScope,
        wanted: RecordFilter = EVERYTHING,
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> FoundRecords:
        """Return the wanted records of a scope, all of them or a page; without a scope the public ones.

        Args:
            after: only ids above this.
            limit: at most so many; None for all.

        Raises:
            ScopeNotFoundError: they are no member of the scope, or there is none.
        """

    @abstractmethod
    async def get_async(self, username: str, record_id: int, scope: RecordScope | None = None) -> LabsRecord | None:
        """Return a record that the person may see, or that is public; None otherwise.

        Args:
            scope: look only there. The system of record cannot be asked for an id alone: without a scope the scopes
                that the person is a member of are gone through.
        """

    async def find_one_async(
        self, username: str, record_id: int, scope: RecordScope | None = None
    ) -> FoundRecord | None:
        """Return a record as ``get_async`` does, and how old the answer is; None where that gives None."""
        record = await self.get_async(username, record_id, scope)
        return None if record is None else FoundRecord(record)

    @abstractmethod
    async def write_async(self, username: str, items: Sequence[RecordItem], *, action: str = "") -> list[LabsRecord]:
        """Insert and update a batch, all of it or nothing; return the records in the order of the items.

        Args:
            action: what is being done, for the event, e.g. ``tasks.assigned``.

        Raises:
            InvalidRecordError: an item breaks a rule.
            ScopeNotFoundError, RecordNotFoundError: a scope or record is not there for this person.
            WrongScopeError: an item with an id names a scope that the record does not have.
            RecordChangedError: a record is not what the item expects.
            RecordsRefusedError: the system of record refused.
        """

    @abstractmethod
    async def remove_async(
        self, username: str, record_ids: Sequence[int], *, expected: LabsRecord | None = None
    ) -> None:
        """Remove records and, after them, their children; all of them or none.

        Args:
            expected: for a single record: as the caller read it.

        Raises:
            RecordNotFoundError: one is not there for this person.
            RecordChangedError: it is not what the caller expects.
        """

    async def add_async(self, username: str, item: RecordItem) -> LabsRecord:
        """Insert one record."""
        return (await self.write_async(username, [item]))[0]

    async def update_async(self, username: str, item: RecordItem, *, action: str = "") -> LabsRecord:
        """Change one record."""
        return (await self.write_async(username, [item], action=action))[0]
