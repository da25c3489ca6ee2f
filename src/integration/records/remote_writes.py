"""Writing to the system of record, which takes a batch as a whole but knows neither versions nor idempotency."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace

from domain.kernel.errors import NoUpstreamTokenError, UnavailableError
from domain.records.conditions import Condition, RecordFilter, same_json
from domain.records.errors import ScopeNotFoundError
from domain.records.record_history import COLUMNS
from domain.records.values import LabsRecord, RecordItem
from integration.connect.connect_api import ConnectApi, exact_json
from integration.connect.errors import AnswerLostError, UnusableAnswerError, named
from integration.records.remote_reads import PATH, RemoteReads
from integration.records.remote_record_json import item_for_wire, record_from
from integration.records.turns import Turns

SETTLE_WAITS_SECONDS = (0.0, 0.3, 1.0)
"""Between looks after a lost answer: what is still on its way may take effect a little later."""
FRESH_SECONDS = 5.0
"""So long the last id that was given out tells which records are newer."""


@dataclass(frozen=True)
class PlannedWrite:
    """A batch on somebody's behalf.

    Attributes:
        before: records that are updated, as they were just read, by id.
        after: what every item should lead to; the id of an insert does not count.
    """

    username: str
    items: Sequence[RecordItem]
    before: dict[int, LabsRecord]
    after: Sequence[LabsRecord]

    @property
    def inserts(self) -> list[LabsRecord]:
        """What the items without an id should lead to."""
        return [record for item, record in zip(self.items, self.after, strict=True) if item.id is None]


class RemoteWrites:
    """Sends batches, once, and finds out what became of one whose answer was lost.

    Equal inserts, and writes of the same record, go one after another within this process.
    """

    def __init__(
        self,
        api: ConnectApi,
        reads: RemoteReads,
        *,
        settle_waits_seconds: Sequence[float] = SETTLE_WAITS_SECONDS,
        fresh_seconds: float = FRESH_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._reads = reads
        self._waits = settle_waits_seconds
        self._fresh_seconds = fresh_seconds
        self._monotonic = monotonic
        self._turns = Turns()
        self._last_given: tuple[int, float] | None = None

    def in_turn(self, names: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """Let nobody else in who names one of the same things."""
        return self._turns.of(names)

    async def send_async(self, planned: PlannedWrite) -> list[LabsRecord]:
        """Send a batch; return the records in the order of the items.

        Raises:
            AnswerLostError: the answer was lost, and nothing of the batch is to be seen. It may still take effect.
            ConnectRefusedError, UnavailableError: it was not taken.
        """
        async with self.in_turn([_likeness(record) for record in planned.inserts]):
            known = self._last_given
            is_new = await self._novelty_async(planned)
            try:
                written = await self._sent_async(planned)
            except AnswerLostError as error:
                settled = await self._settled_async(planned, is_new)
                if settled is None:
                    raise AnswerLostError(f"{error}; nothing of it is to be seen there", 5.0) from error
                written = settled
            given = [one.id for one, item in zip(written, planned.items, strict=True) if item.id is None]
            if given:
                self._given(given, known[0] if known is not None else 0)
        self._reads.remember(planned.username, written)
        return written

    async def equal_records_async(self, username: str, record: LabsRecord) -> list[LabsRecord]:
        """Return the records that are equal to one in everything but the id, in the order of their ids.

        One that names no scope is looked for among what is public: there is no other way to see it.
        """
        wanted = RecordFilter((Condition("experiment", record.experiment), Condition("type", record.type)))
        return [one for one in await self._reads.list_async(username, record.scope, wanted) if is_alike(one, record)]

    def _given(self, ids: Sequence[int], known: int) -> None:
        """Note ids that were given out.

        Args:
            known: the last one that had been given out when they were asked for. Where they are lower, the system of
                record counts anew, e.g. restored from a backup, and what was given out before that tells nothing.
        """
        last = self._last_given[0] if self._last_given is not None else 0
        counts_anew = min(ids) < known <= last
        self._last_given = (max(ids) if counts_anew else max(last, *ids), self._monotonic())

    async def _sent_async(self, planned: PlannedWrite) -> list[LabsRecord]:
        body = [item_for_wire(item) for item in planned.items]
        response = await self._api.send_async(planned.username, "POST", PATH, body)
        try:
            told = exact_json(response)
            records = [record_from(one) for one in told] if isinstance(told, list) else []
        except (ValueError, UnusableAnswerError) as error:
            why = f"the answer to a write cannot be read: {error}"
            raise AnswerLostError(f"{named(response.url)}: {why}", 5.0) from error
        if len(records) != len(planned.items) or any(
            item.id not in (None, record.id) for item, record in zip(planned.items, records, strict=True)
        ):
            raise AnswerLostError(f"{named(response.url)}: the answer to a write is about something else", 5.0)
        return records

    async def _novelty_async(self, planned: PlannedWrite) -> Callable[[LabsRecord], bool]:
        """Return what tells a record that this batch inserts from an equal one that is there already.

        Ids of inserts rise. Where the last one was given to us a moment ago it is enough to compare with it; else the
        equal ones that are there now are looked up first.
        """
        if not planned.inserts:
            return lambda _: False
        if self._last_given is not None and self._monotonic() - self._last_given[1] <= self._fresh_seconds:
            last = self._last_given[0]
            return lambda record: record.id > last
        there: set[int] = set()
        for one in {_likeness(record): record for record in planned.inserts}.values():
            there |= {record.id for record in await self.equal_records_async(planned.username, one)}
        return lambda record: record.id not in there

    async def _settled_async(
        self, planned: PlannedWrite, is_new: Callable[[LabsRecord], bool]
    ) -> list[LabsRecord] | None:
        """Return the records of a batch that turns out to have been taken; None when nothing of it is there."""
        for seconds in self._waits:
            await asyncio.sleep(seconds)
            try:
                found = await self._found_async(planned, is_new)
            except (UnavailableError, NoUpstreamTokenError, ScopeNotFoundError):
                return None
            if found is not None:
                return found
        return None

    async def _found_async(
        self, planned: PlannedWrite, is_new: Callable[[LabsRecord], bool]
    ) -> list[LabsRecord] | None:
        inserted = await self._inserted_async(planned, is_new)
        if inserted is None:
            return None
        scopes = {record_id: record.scope for record_id, record in planned.before.items()}
        now = await self._reads.find_by_ids_async(planned.username, scopes, scopes)
        # A batch is taken as a whole. What an update of it left may have been changed again by somebody.
        if not inserted and not _is_any_taken(planned, now):
            return None
        free = iter(inserted)
        return [
            next(free) if item.id is None else now.get(item.id, record)
            for item, record in zip(planned.items, planned.after, strict=True)
        ]

    async def _inserted_async(
        self, planned: PlannedWrite, is_new: Callable[[LabsRecord], bool]
    ) -> list[LabsRecord] | None:
        """Return the inserted records in the order of the items, none for none; None when they are not all there."""
        found: dict[str, list[LabsRecord]] = {}
        for likeness, count in Counter(map(_likeness, planned.inserts)).items():
            example = next(record for record in planned.inserts if _likeness(record) == likeness)
            equal = [one for one in await self.equal_records_async(planned.username, example) if is_new(one)]
            if len(equal) < count:
                return None
            found[likeness] = equal
        return [found[_likeness(record)].pop(0) for record in planned.inserts]


def is_alike(left: LabsRecord, right: LabsRecord) -> bool:
    """Tell whether two records are equal in everything but the id."""
    return all(left.value_of(name) == right.value_of(name) for name in COLUMNS) and same_json(left.data, right.data)


def _is_any_taken(planned: PlannedWrite, now: dict[int, LabsRecord]) -> bool:
    """Tell from updates whether a batch was taken. An update that changes nothing tells nothing."""
    changing = [record for record in planned.after if not is_alike(record, planned.before[record.id])]
    return not changing or any(record.id in now and is_alike(now[record.id], record) for record in changing)


def _likeness(record: LabsRecord) -> str:
    columns = [record.value_of(name) for name in COLUMNS]
    return json.dumps([*columns, replace(record, id=0).data], sort_keys=True)
