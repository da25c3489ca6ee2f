"""Changing one record without losing what somebody else does at the same time."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from application.kernel.conflicts import MOST_TRIES
from application.kernel.refusals import Refusal, missing, precondition_failed
from application.kernel.request_context import current_request
from application.records.record_version import version_of
from application.records.records_outbox import QueuedWrite
from application.records.writing import RecordWriting, after_queued
from domain.records.errors import RecordChangedError
from domain.records.kinds.kind import Kind
from domain.records.repositories import LabsRecordRepository
from domain.records.rules import check_stays_findable
from domain.records.values import LabsRecord, RecordItem

T = TypeVar("T")
Decide = Callable[[LabsRecord], Mapping[str, Any]]
"""Returns the new values of the fields that change, from the record as it is now."""


class RecordChanges:
    """Reads, decides and writes; when somebody was faster, decides again on what is there now.

    Within this process changes of one record wait for each other: they would only undo each other's reading.
    """

    def __init__(self, records: LabsRecordRepository, writing: RecordWriting) -> None:
        self._records = records
        self._writing = writing
        self._turns: dict[int, _Turn] = {}

    async def change_async(
        self,
        record_id: int,
        decide: Decide,
        *,
        kind: Kind | None = None,
        expected_version: int | None = None,
        action: str = "",
    ) -> LabsRecord | Refusal:
        """Change a record, or refuse: 404 when it is not there, 412 when it is not in the version that is expected.

        Raises:
            RecordChangedError: the last try lost as well.
        """

        async def write(item: RecordItem) -> LabsRecord:
            return await self._records.update_async(current_request().actor, item, action=action)

        return await self.change_through_async(record_id, decide, write, kind=kind, expected_version=expected_version)

    async def change_or_queue_async(
        self,
        record_id: int,
        decide: Decide,
        *,
        kind: Kind | None = None,
        expected_version: int | None = None,
        action: str = "",
        can_wait: bool = False,
    ) -> LabsRecord | QueuedWrite | Refusal:
        """Change a record as ``change_async`` does, or queue that where it has to wait and can.

        What waits is decided upon what else of theirs waits: each of them stands on the one before.
        """
        if not can_wait:
            return await self.change_async(
                record_id, decide, kind=kind, expected_version=expected_version, action=action
            )

        async def write(item: RecordItem) -> LabsRecord | QueuedWrite:
            written = await self._writing.write_async(
                current_request().actor, [item], action=action, can_wait=True, builds_on_queued=True
            )
            return written if isinstance(written, QueuedWrite) else written[0]

        async with self._turn(record_id):
            return await self._decide_async(record_id, decide, kind, expected_version, write, upon_queued=True)

    async def change_through_async(
        self,
        record_id: int,
        decide: Decide,
        write: Callable[[RecordItem], Awaitable[T]],
        *,
        kind: Kind | None = None,
        expected_version: int | None = None,
        is_blind: bool = False,
    ) -> LabsRecord | T | Refusal:
        """Change a record as ``change_async`` does, by another way of writing; return what that returns.

        Args:
            write: raises ``RecordChangedError`` when the record is not what the item expects.
            is_blind: whether what is decided takes no account of what is there: to decide it again would only undo
                what somebody else has done, so the error rises.
        """
        async with self._turn(record_id):
            return await self._decide_async(record_id, decide, kind, expected_version, write, is_blind=is_blind)

    async def _decide_async(
        self,
        record_id: int,
        decide: Decide,
        kind: Kind | None,
        expected_version: int | None,
        write: Callable[[RecordItem], Awaitable[T]],
        *,
        upon_queued: bool = False,
        is_blind: bool = False,
    ) -> LabsRecord | T | Refusal:
        actor = current_request().actor
        for tries in range(1, MOST_TRIES + 1):
            queued = await self._writing.queued_async(actor, record_id) if upon_queued else []
            record = await self._records.get_async(actor, record_id)
            if record is None or (kind is not None and not kind.includes(record)):
                return missing("record" if kind is None else kind.name, str(record_id))
            if expected_version not in (None, version_of(record)):
                return _stale(record_id)
            base = after_queued(record, queued)
            if base is None:
                return missing("record" if kind is None else kind.name, str(record_id))
            fields = decide(base)
            check_stays_findable(base, fields)
            if base is record and all(record.value_of(name) is value for name, value in fields.items()):
                return record
            try:
                return await write(RecordItem(record.id, fields, expected=base))
            except RecordChangedError as error:
                if expected_version is not None:
                    return _stale(record_id)
                if is_blind and error.current is None:
                    return missing("record" if kind is None else kind.name, str(record_id))
                if is_blind or tries == MOST_TRIES:
                    raise
            await asyncio.sleep(random.random() * min(0.005 * 2**tries, 0.1))  # noqa: S311  spreads, hides nothing
        raise AssertionError("unreachable")

    @asynccontextmanager
    async def _turn(self, record_id: int) -> AsyncIterator[None]:
        turn = self._turns.setdefault(record_id, _Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                self._turns.pop(record_id, None)


class _Turn:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


def _stale(record_id: int) -> Refusal:
    return precondition_failed(f"record {record_id} is not in the version that is expected; read it again")
