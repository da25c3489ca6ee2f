"""Writing records now, or later where whoever asks can wait."""

from collections.abc import Sequence
from dataclasses import dataclass

from application.records.records_outbox import QueuedState, QueuedWrite, RecordsOutbox
from domain.records.errors import RecordNotFoundError
from domain.records.record_batches import check_change, led_to
from domain.records.repositories import LabsRecordRepository
from domain.records.values import LabsRecord, RecordItem


@dataclass(frozen=True, slots=True)
class Outboxes:
    """The outbox of the store that is in use; None where nothing is queued: our own store is never far away."""

    outbox: RecordsOutbox | None = None


class RecordWriting:
    """Writes through the repository; what can wait goes through the outbox, so that nothing is lost or sent twice."""

    def __init__(self, records: LabsRecordRepository, outboxes: Outboxes) -> None:
        self._records = records
        self._outbox = outboxes.outbox

    async def write_async(
        self,
        username: str,
        items: Sequence[RecordItem],
        *,
        action: str = "",
        can_wait: bool = False,
        builds_on_queued: bool = False,
    ) -> list[LabsRecord] | QueuedWrite:
        """Write a batch; return its records, or the queued write when it has to wait and can.

        Args:
            builds_on_queued: whether it was decided upon ``after_queued``.

        Raises:
            As ``LabsRecordRepository.write_async``.
        """
        if self._outbox is None or not can_wait:
            return await self._records.write_async(username, items, action=action)
        for index, item in enumerate(items):
            if item.expected is not None:
                check_change(index, item.expected, led_to(item, item.expected))
        queued = await self._outbox.put_async(username, items, action=action, builds_on_queued=builds_on_queued)
        queued = await self._outbox.send_now_async(queued.id)
        if queued.state is not QueuedState.SENT:
            return queued
        found = [await self._records.get_async(username, one) for one in queued.written]
        records = [record for record in found if record is not None]
        return records if len(records) == len(items) else queued

    async def queued_async(self, username: str, record_id: int) -> list[QueuedWrite]:
        """Return somebody's writes of a record that are not settled, oldest first; to be called before it is read."""
        return [] if self._outbox is None else await self._outbox.unsettled_async(username, record_id)

    async def remove_several_async(
        self, username: str, record_ids: Sequence[int], *, can_wait: bool = False
    ) -> QueuedWrite | None:
        """Remove records however they are by then; but a single one that waits only as it is now.

        Returns:
            The queued write when that has to wait and can, None when it is done.

        Raises:
            As ``LabsRecordRepository.remove_async``.
        """
        if self._outbox is None or not can_wait:
            await self._records.remove_async(username, record_ids)
            return None
        found: list[LabsRecord] = []
        for index, record_id in enumerate(record_ids):
            record = await self._records.get_async(username, record_id)
            if record is None:
                raise RecordNotFoundError(record_id, index)
            found.append(record)
        expected = found[0] if len(found) == 1 else None
        queued = await self._outbox.put_async(username, removals=record_ids, expected=expected)
        queued = await self._outbox.send_now_async(queued.id)
        return None if queued.state is QueuedState.SENT else queued

    async def remove_async(
        self, username: str, record: LabsRecord, *, checked: bool, can_wait: bool = False
    ) -> QueuedWrite | None:
        """Remove a record; return the queued write when that has to wait and can, None when it is done.

        Args:
            checked: whether it is removed only as it was read. What waits is always checked.

        Raises:
            As ``LabsRecordRepository.remove_async``.
        """
        if self._outbox is None or not can_wait:
            await self._records.remove_async(username, [record.id], expected=record if checked else None)
            return None
        queued = await self._outbox.put_async(username, removals=[record.id], expected=record)
        queued = await self._outbox.send_now_async(queued.id)
        return None if queued.state is QueuedState.SENT else queued


def after_queued(record: LabsRecord, queued: Sequence[QueuedWrite]) -> LabsRecord | None:
    """Return what a record will be once queued writes are through; None when they remove it."""
    for write in queued:
        if record.id in write.removals:
            return None
        for item in write.items:
            if item.id == record.id:
                record = led_to(item, record)
    return record
