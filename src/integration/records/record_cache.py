"""The cache of records: what the system of record says becomes events in the same log that our own store has."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from secrets import token_hex

from application.kernel.request_context import RequestContext, acting_as
from domain.kernel.absence import Removals
from domain.kernel.errors import UnavailableError
from domain.records.conditions import is_in_scope
from domain.records.reconciliation import reconcile
from domain.records.record_history import LabsRecordHistory
from domain.records.values import LabsRecord, RecordOrigin, RecordScope
from integration.mongo.events.event_sourced_repository import MongoEventSourcedRepository
from integration.records.labs_records_projector import LOG
from integration.records.record_log import RecordLog
from integration.records.record_reader import RecordReader
from integration.records.remote_listing import ReadListing
from integration.records.remote_reads import RemoteReads
from integration.records.scope_keys import keys_of

ACTOR = "system:records-refresh"
TOGETHER = 500
TRIES = 5
VISIBLE_SECONDS = 60.0


@dataclass(slots=True)
class TakenOver:
    """What taking over a listing came to.

    Attributes:
        listed: number of records in the listing.
        created, changed, removed: ids of the records with an event.
        held: ids that are held back, see ``domain.kernel.absence``.
        skipped: number of records that somebody changed here after the listing was asked for.
        touched: keys of all scopes that show something else now.
        agrees: whether the cache is now exactly what the listing says.
    """

    listed: int = 0
    created: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    held: frozenset[int] = frozenset()
    skipped: int = 0
    touched: set[str] = field(default_factory=set)
    agrees: bool = True


class RecordCache:
    """Takes over listings of scopes.

    A listing says how records were some time after it was asked for. Whatever has an event later than that is left
    alone: a write of ours may be newer than the listing. The next listing settles it.
    """

    def __init__(self, log: RecordLog, reader: RecordReader, reads: RemoteReads) -> None:
        self._log = log
        self._reader = reader
        self._reads = reads
        self._histories = MongoEventSourcedRepository[LabsRecordHistory](log.store, LabsRecordHistory)

    async def position_async(self) -> int:
        """Return the last position of the log."""
        return await self._log.store.head_async()

    async def take_over_async(
        self, username: str, scope: RecordScope, listing: ReadListing, *, since: int, held: frozenset[int]
    ) -> TakenOver:
        """Make the cache agree with a listing of a scope.

        Args:
            username: who asked for it; records that it does not show are looked for on their behalf.
            since: last position of the log when it was asked for.
            held: ids that an earlier listing did not show and that were held back.

        Raises:
            UnavailableError: the cache does not answer.
        """
        known = await self._reader.likenesses_async(scope, since)
        plan = reconcile(known, listing.records, trust_absence=not listing.unreadable, held=held)
        taken = TakenOver(listed=len(listing.records), agrees=not listing.unreadable)
        differing = {record.id: record for record in plan.differing}
        gone: frozenset[int] = frozenset()
        if plan.removals is Removals.HELD:
            taken.held = plan.missing
            taken.agrees = False
        elif plan.missing:
            gone = await self._really_gone_async(username, scope, plan.missing, differing, taken)
        if differing or gone:
            await self._store_async(scope, differing, gone, since, taken)
        return taken

    async def _really_gone_async(
        self,
        username: str,
        scope: RecordScope,
        missing: frozenset[int],
        differing: dict[int, LabsRecord],
        taken: TakenOver,
    ) -> frozenset[int]:
        """Return which of the missing are nowhere; those that moved to another scope are added to what differs."""
        try:
            found = await self._reads.find_by_ids_async(username, missing)
        except UnavailableError:
            taken.agrees = False
            return frozenset()
        if any(is_in_scope(record, scope) for record in found.values()):
            taken.agrees = False  # the listing left out what is there: whatever else it left out may be there too
            return frozenset()
        differing |= found
        return missing - found.keys()

    async def _store_async(
        self,
        scope: RecordScope,
        differing: dict[int, LabsRecord],
        gone: Collection[int],
        since: int,
        taken: TakenOver,
    ) -> None:
        request = RequestContext(actor=ACTOR, command_id=f"refresh-{token_hex(12)}")
        with acting_as(request):
            ids = [*differing, *gone]
            for start in range(0, len(ids), TOGETHER):
                await self._store_some_async(scope, ids[start : start + TOGETHER], differing, since, taken)
        written = request.positions.get(LOG, 0)
        # Not by RecordLog.written: readers of other scopes need not wait for this.
        if written and not await self._reader.wait_async(written, VISIBLE_SECONDS):
            raise UnavailableError("the store of records has not caught up with what was fetched", 5.0)

    async def _store_some_async(
        self, scope: RecordScope, ids: Sequence[int], differing: dict[int, LabsRecord], since: int, taken: TakenOver
    ) -> None:
        for _ in range(TRIES):
            histories = {int(key): one for key, one in (await self._load_async(ids)).items()}
            later = await self._changed_since_async(ids, since)
            taken.skipped += len(later)
            taken.agrees = taken.agrees and not later
            at = self._log.clock.now()
            decided: list[tuple[list[int], LabsRecordHistory, set[str]]] = []
            for record_id in ids:
                if record_id in later:
                    continue
                history = histories.get(record_id, LabsRecordHistory())
                before = history.state.record
                after = differing.get(record_id)
                kind = taken.removed
                if after is not None:
                    history.become(after, at, origin=RecordOrigin.REMOTE)
                    kind = taken.created if before is None else taken.changed
                elif before is not None and is_in_scope(before, scope):
                    history.remove(at, origin=RecordOrigin.REMOTE)
                if history.pending_events:
                    decided.append((kind, history, keys_of(one for one in (before, after) if one is not None)))
            refused = await self._histories.save_many_async([history for _, history, _ in decided])
            for kind, history, keys in decided:
                if history.state.id not in refused:
                    kind.append(int(history.state.id))
                    taken.touched |= keys
            if not refused:
                return
            ids = [int(one) for one in refused]
        taken.agrees = False

    async def _load_async(self, ids: Sequence[int]) -> dict[str, LabsRecordHistory]:
        return await self._histories.get_many_async([str(one) for one in ids])

    async def _changed_since_async(self, ids: Sequence[int], position: int) -> set[int]:
        streams = {self._histories.stream_of(str(one)): one for one in ids}
        return {streams[one] for one in await self._log.store.changed_since_async(list(streams), position)}
