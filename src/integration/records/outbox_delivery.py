"""Sending one queued write, and finding out what became of one whose answer nobody has seen."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from application.records.records_outbox import QueuedState, QueuedWrite
from domain.kernel.clock import Clock
from domain.kernel.errors import LabkeeperError, NoUpstreamTokenError, UnavailableError
from domain.records.errors import RecordChangedError, RecordNotFoundError, RecordsRefusedError
from domain.records.record_batches import led_to
from domain.records.values import LabsRecord, RecordItem
from integration.connect.errors import AnswerLostError
from integration.records.cached_labs_record_repository import CachedLabsRecordRepository
from integration.records.http_labs_record_repository import HttpLabsRecordRepository
from integration.records.outbox_documents import Document, write_of
from integration.records.outbox_store import OutboxStore
from integration.records.remote_writes import is_alike

TAKES_EFFECT_WITHIN = timedelta(seconds=3)
"""What was sent may still be on its way for so long; only then it counts as not taken."""
BREAKS_BEFORE_REFUSED = 5
"""So often the system of record may break at a write, for no reason that can be found, until that is its answer."""
BROKE_RETRY_SECONDS = 5.0


class OutboxDelivery:
    """Sends a write once. The system of record knows no idempotency, so:

    - Before an insert is sent for the first time, the equal records that are there are written down. When the answer
      was lost, or this process died, those that came since tell that it was taken; each of them counts for one write.
    - An update or removal is sent with what its writer had read. Where that is not there any more, but what the write
      leads to is, it was taken.
    """

    def __init__(
        self, store: OutboxStore, records: CachedLabsRecordRepository, remote: HttpLabsRecordRepository, clock: Clock
    ) -> None:
        self._store = store
        self._records = records
        self._remote = remote
        self._clock = clock

    async def send_async(self, document: Document, *, is_kept: bool) -> None:
        """Send a write and note how that went. Call it on the writer's behalf.

        Args:
            is_kept: whether a conflict or refusal is noted, for somebody to see later; else the write is forgotten
                and the error rises.

        Raises:
            UnavailableError: it is not settled; try again later.
            NoUpstreamTokenError: its writer has to log in first.
        """
        write = write_of(document)
        in_doubt = write.state is QueuedState.SENDING
        try:
            if in_doubt and (taken := await self._taken_inserts_async(write, document)) is not None:
                await self._settle_async(write, taken, told=False)
                return
            baseline = [await self._equal_ids_async(write, item) for item in write.items if item.id is None]
            await self._store.sending_async(write.id, baseline)
            in_doubt = True
            await self._sent_async(write)
        except AnswerLostError as error:
            await self._store.tried_async(write.id, str(error), in_doubt=in_doubt)
            raise
        except (UnavailableError, NoUpstreamTokenError) as error:
            # What was in doubt before it was sent once more stays so: only inserts are looked for first.
            stays = write.state is QueuedState.SENDING
            await self._store.tried_async(write.id, str(error), in_doubt=stays)
            raise
        except LabkeeperError as error:
            if _is_broken(error) and document.get("breaks", 0) + 1 < BREAKS_BEFORE_REFUSED:
                stays = write.state is QueuedState.SENDING
                await self._store.tried_async(write.id, str(error), in_doubt=stays, broke=True)
                raise UnavailableError(str(error), BROKE_RETRY_SECONDS) from error
            if not is_kept:
                await self._store.remove_async(write.id)
                raise
            if isinstance(error, RecordChangedError):
                await self._store.conflict_async(write.id, error.record_id, error.current, str(error))
            else:
                await self._store.refused_async(write.id, str(error))

    async def _sent_async(self, write: QueuedWrite) -> None:
        try:
            if write.items:
                written = await self._records.write_async(write.username, write.items, action=write.action)
            else:
                await self._records.remove_async(write.username, write.removals, expected=write.expected)
                written = []
        except (RecordChangedError, RecordNotFoundError) as error:
            found = await self._led_to_already_async(write, error)
            if found is None:
                raise
            await self._settle_async(write, found, told=False)
        else:
            await self._settle_async(write, written, told=True)

    async def _settle_async(self, write: QueuedWrite, written: Sequence[LabsRecord], *, told: bool) -> None:
        if not told and written:
            await self._records.took_async(written, action=write.action)
        await self._follow_async(write, written)
        await self._store.sent_async(write.id, [one.id for one in written])

    async def _follow_async(self, write: QueuedWrite, written: Sequence[LabsRecord]) -> None:
        """Let what else the person has queued for these records expect what this write has led to."""
        now = {record.id: record for record in written}
        done = {item.id: item for item in write.items}
        for document in await self._store.open_for_async(write.username, list(now), but=write.id):
            later = write_of(document)
            items = [
                replace(one, expected=now[one.id])
                if one.id in now and (not later.builds_on_queued or _knew_of(one, done.get(one.id)))
                else one
                for one in later.items
            ]
            expected = now.get(later.expected.id, later.expected) if later.expected is not None else None
            await self._store.expect_async(later.id, items, expected)

    async def _led_to_already_async(
        self, write: QueuedWrite, error: RecordChangedError | RecordNotFoundError
    ) -> list[LabsRecord] | None:
        """Return the records of a write that has been taken before; None when it has not."""
        if not write.items:
            if isinstance(error, RecordChangedError) and error.current is not None:
                return None
            return [] if len(write.removals) == 1 or await self._are_gone_async(write) else None
        if any(item.id is None for item in write.items):
            return None
        found: list[LabsRecord] = []
        for item in write.items:
            if item.id is None or item.expected is None:
                return None
            current = await self._remote.get_async(write.username, item.id, item.expected.scope)
            if current is None or not is_alike(current, led_to(item, item.expected)):
                return None
            found.append(current)
        return found

    async def _are_gone_async(self, write: QueuedWrite) -> bool:
        for record_id in write.removals:
            if await self._remote.get_async(write.username, record_id) is not None:
                return False
        return True

    async def _taken_inserts_async(self, write: QueuedWrite, document: Document) -> list[LabsRecord] | None:
        """Return the records of a batch with inserts that turns out to have been taken; None when it was not."""
        inserts = [item for item in write.items if item.id is None]
        if not inserts or document["baseline"] is None:
            return None
        found: list[LabsRecord] = []
        for item, before in zip(inserts, json.loads(document["baseline"]), strict=True):
            equal = await self._remote.equal_records_async(write.username, item)
            known = {*before, *(one.id for one in found)}
            new = [record for record in equal if record.id not in known]
            claimed = await self._store.claimed_async([record.id for record in new])
            new = [record for record in new if record.id not in claimed]
            if not new:
                if write.tried_at is not None and self._clock.now() - write.tried_at < TAKES_EFFECT_WITHIN:
                    raise UnavailableError("what was sent may still take effect", TAKES_EFFECT_WITHIN.total_seconds())
                return None
            found.append(new[0])
        inserted = iter(found)
        records: list[LabsRecord] = []
        for item in write.items:
            if item.id is None:
                records.append(next(inserted))
            elif item.expected is not None:
                records.append(led_to(item, item.expected))
        return records

    async def _equal_ids_async(self, write: QueuedWrite, item: RecordItem) -> list[int]:
        return [record.id for record in await self._remote.equal_records_async(write.username, item)]


def _is_broken(error: LabkeeperError) -> bool:
    """Tell an error of the system of record from a refusal; one that a batch explains arrives as a broken rule."""
    return isinstance(error, RecordsRefusedError) and error.status >= 500


def _knew_of(later: RecordItem, earlier: RecordItem | None) -> bool:
    """Tell whether a write was decided upon what an earlier one leads to; else it would undo that unseen."""
    if later.expected is None or earlier is None:
        return False
    return is_alike(led_to(earlier, later.expected), later.expected)
