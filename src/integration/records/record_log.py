"""The log of records: what was decided is stored all together or not at all."""

import asyncio
from collections.abc import Iterable, Sequence

from application.kernel.conflicts import deciding_again_async
from domain.kernel.clock import Clock
from domain.records.events import RECORDS_EVENTS
from domain.records.record_history import LabsRecordHistory
from domain.records.values import LabsRecord, RecordOrigin
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.events.snapshots import Snapshots
from integration.records.labs_records_projector import LOG

SNAPSHOT_EVERY = 100
"""Each change may bring all of the data along, so that replaying a hundred of them is a lot to read."""
FEW = 8


def open_records_log(driver: MongoDriver, clock: Clock) -> MongoEventStore:
    """Return the event store of the log ``records``."""
    return MongoEventStore(driver, LOG, EventCodec(LOG, RECORDS_EVENTS), clock)


class RecordLog:
    """Loads and stores histories of records.

    Attributes:
        store: the log itself.
        clock: when something happens.
        written: the last position that this process has written; what it must have read to see its own writes.
    """

    def __init__(self, driver: MongoDriver, store: MongoEventStore, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self.written = 0
        snapshots = Snapshots(driver, LOG, every=SNAPSHOT_EVERY)
        self._histories = MongoEventSourcedRepository[LabsRecordHistory](store, LabsRecordHistory, snapshots)

    async def load_async(self, record_ids: Iterable[int]) -> dict[int, LabsRecordHistory]:
        """Return the histories that there are, of living and of removed records."""
        ids = [str(one) for one in dict.fromkeys(record_ids)]
        if len(ids) <= FEW:
            found = await asyncio.gather(*(self._histories.get_async(one) for one in ids))
            return {int(one.state.id): one for one in found if one is not None}
        return {int(key): one for key, one in (await self._histories.get_many_async(ids)).items()}

    async def store_async(self, histories: Sequence[LabsRecordHistory]) -> None:
        """Store what the histories have recorded: all of it or nothing.

        Raises:
            OptimisticConcurrencyException: somebody else changed one of them; load and decide again.
            UnavailableError: the store gives no answer; see ``CommitInDoubtError``.
        """
        changed = [one for one in histories if one.pending_events]
        answers = await self.store.commit_together_async(
            [(self._histories.stream_of(one.state.id), one.pending_events, one.state.state_version) for one in changed]
        )
        for one, (position, _) in zip(changed, answers, strict=True):
            one.mark_committed()
            self.written = max(self.written, position)

    async def take_over_async(
        self,
        records: Sequence[LabsRecord],
        gone: Sequence[int] = (),
        *,
        origin: RecordOrigin,
        action: str = "",
        known: dict[int, LabsRecordHistory] | None = None,
    ) -> None:
        """Record what the system of record says: these are there and like this, and those are gone.

        Nothing is recorded for what is known to be so. All of it is stored together.

        Args:
            known: the histories that there are of these records, as they were just now; loaded when None. Should that
                turn out to be wrong, they are loaded all the same.
        """
        present = {record.id: record for record in records}
        at_first = [known] if known is not None else []

        async def attempt() -> None:
            at = self.clock.now()
            histories = at_first.pop() if at_first else await self.load_async([*present, *gone])
            for record in records:
                history = histories.setdefault(record.id, LabsRecordHistory())
                history.become(record, at, action=action, origin=origin)
            for record_id in gone:
                known = histories.get(record_id)
                if known is not None and known.state.data is not None and record_id not in present:
                    known.remove(at, origin=origin)
            await self.store_async(list(histories.values()))

        await deciding_again_async(attempt)
