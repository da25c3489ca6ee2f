"""Records and memberships in memory: fakes that keep the contract of their ports."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from application.contracts.memberships import (
    MembershipDirectory,
    Memberships,
    OpportunityView,
    OrganizationView,
    ProgramView,
)
from application.records.record_histories import RecordHistories, RecordHistoryEntry
from domain.records.ancestry import check_ancestry_async
from domain.records.conditions import EVERYTHING, RecordFilter, is_in_scope
from domain.records.errors import InvalidRecordError, RecordNotFoundError
from domain.records.record_access import Includes, check_readable, may_change, may_see
from domain.records.record_batches import check_expected, check_scopes, record_after
from domain.records.repositories import FoundRecords, LabsRecordRepository
from domain.records.rules import check_batch
from domain.records.values import LabsRecord, RecordItem, RecordOrigin, RecordScope
from tests.support.records import RecordStore

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


class FakeMemberships(MembershipDirectory):
    """Everybody's memberships by username."""

    def __init__(self, people: dict[str, Memberships]) -> None:
        self.people = people

    async def of_async(self, username: str) -> Memberships:
        return self.people.get(username, Memberships())

    async def knows_async(self, username: str) -> bool:
        return username in self.people


class FakeRecords(LabsRecordRepository, RecordHistories):
    """All records of one installation, and every version of them.

    Args:
        as_of, stale_since: what answers say about their age.
    """

    def __init__(
        self, memberships: MembershipDirectory, as_of: datetime | None = None, stale_since: datetime | None = None
    ) -> None:
        self.records: dict[int, LabsRecord] = {}
        self.versions: dict[int, list[tuple[str, str, LabsRecord | None]]] = {}
        self.as_of = as_of
        self.stale_since = stale_since
        self.actions: list[str] = []
        self._memberships = memberships
        self._last_id = 0

    async def find_async(
        self,
        username: str,
        scope: RecordScope,
        wanted: RecordFilter = EVERYTHING,
        *,
        after: int = 0,
        limit: int | None = None,
    ) -> FoundRecords:
        check_readable(scope, await self._includes_async(username))
        there = (self.records[number] for number in sorted(self.records) if number > after)
        found = [record for record in there if is_in_scope(record, scope) and wanted.holds_for(record)]
        return FoundRecords(tuple(found[:limit]), self.as_of, self.stale_since)

    async def get_async(self, username: str, record_id: int, scope: RecordScope | None = None) -> LabsRecord | None:
        includes = await self._includes_async(username)
        record = self.records.get(record_id)
        if record is None or (scope is not None and not is_in_scope(record, scope)):
            return None
        return record if may_see(record, includes) else None

    async def write_async(self, username: str, items: Sequence[RecordItem], *, action: str = "") -> list[LabsRecord]:
        check_batch(items)
        includes = await self._includes_async(username)
        for index, item in enumerate(items):
            person = item.fields.get("username")
            if person is not None and not await self._memberships.knows_async(person):
                raise InvalidRecordError(index, "username", "must be the name of somebody who is known")
        await asyncio.sleep(0)
        check_scopes(items, includes)
        last_id, written = self._last_id, []
        for index, item in enumerate(items):
            last_id = max(last_id + 1, item.id or 0) if item.id not in self.records else last_id
            current = self.records.get(item.id) if item.id is not None else None
            written.append(record_after(index, item, current, last_id, includes))

        async def parent_of(record_id: int) -> int | None:
            return self.records[record_id].labs_record_id if record_id in self.records else None

        await check_ancestry_async(items, written, dict(self.records), parent_of)
        self._last_id = last_id
        for record in written:
            kind = "changed" if record.id in self.records else "created"
            if record != self.records.get(record.id):
                self._note(username, kind, action, record.id, record)
            self.records[record.id] = record
        return written

    async def remove_async(
        self, username: str, record_ids: Sequence[int], *, expected: LabsRecord | None = None
    ) -> None:
        includes = await self._includes_async(username)
        for index, record_id in enumerate(record_ids):
            record = self.records.get(record_id)
            if record is None or not may_change(record, includes):
                raise RecordNotFoundError(record_id, index)
            check_expected(record, expected, index)
        gone = list(record_ids)
        for record_id in gone:
            self.records.pop(record_id, None)
            gone += [one.id for one in self.records.values() if one.labs_record_id == record_id and one.id not in gone]
            self._note(username, "removed", "", record_id, None)

    async def entries_async(
        self, username: str, record_id: int, *, limit: int, before: int | None = None
    ) -> list[RecordHistoryEntry] | None:
        if await self.get_async(username, record_id) is None:
            return None
        entries = [
            RecordHistoryEntry(
                version=version,
                type=f"records.labs-record-{what.partition(' ')[0]}.v1",
                at=AT,
                by=by,
                action=what.partition(" ")[2],
                origin=RecordOrigin.HERE,
            )
            for version, (by, what, _) in enumerate(self.versions[record_id], 1)
        ]
        return [entry for entry in reversed(entries) if before is None or entry.version < before][:limit]

    async def at_version_async(self, username: str, record_id: int, version: int) -> LabsRecord | None:
        if await self.get_async(username, record_id) is None or version > len(self.versions[record_id]):
            return None
        return self.versions[record_id][version - 1][2]

    async def version_async(self, username: str, record_id: int) -> int | None:
        return len(self.versions[record_id]) if await self.get_async(username, record_id) is not None else None

    def _note(self, by: str, what: str, action: str, record_id: int, record: LabsRecord | None) -> None:
        self.actions.append(action or what)
        self.versions.setdefault(record_id, []).append((by, f"{what} {action}".strip(), record))

    async def _includes_async(self, username: str) -> Includes:
        return (await self._memberships.of_async(username)).include


ASHA = Memberships(
    (OrganizationView(id=7, slug="lwala", name="Lwala"),),
    (ProgramView(id=12, name="CHC", organization="lwala", delivery_type="nutrition", currency="KES"),),
    (OpportunityView(id=814, name="CHC Round 3", organization="lwala", program=12, visit_count=10452),),
)
BORIS = Memberships(
    (OrganizationView(id=8, slug="other", name="Other"),),
    (),
    (OpportunityView(id=900, name="Elsewhere", organization="other"),),
)


def two_people() -> FakeMemberships:
    """Return asha and boris, who share nothing, and two workers."""
    return FakeMemberships({"asha": ASHA, "boris": BORIS, "worker_12": Memberships(), "worker_13": Memberships()})


class FakeStore(RecordStore):
    """The fake as a store under the contract suite."""

    async def another_async(self) -> LabsRecordRepository:
        return self.records
