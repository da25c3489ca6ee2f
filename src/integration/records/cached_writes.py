"""Writes of the cached store: to the system of record, which decides, and then into the cache as an event."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.kernel.conflicts import MOST_TRIES
from domain.kernel.errors import LabkeeperError, UnavailableError
from domain.records.errors import RecordChangedError, RecordNotFoundError
from domain.records.repositories import LabsRecordRepository
from domain.records.values import LabsRecord, RecordItem, RecordOrigin
from integration.connect.errors import AnswerLostError
from integration.records.record_log import RecordLog
from integration.records.record_reader import RecordReader
from integration.records.record_removal import RecordRemoval
from integration.records.remote_writes import is_alike
from integration.records.scope_keys import PUBLIC, key_of, keys_of
from integration.records.scope_ledger import ScopeLedger
from integration.records.scope_refresh import ScopeRefresh
from integration.records.turns import Turns
from integration.records.writes_under_way import WritesUnderWay

log = logging.getLogger("labkeeper.records")


class CachedWrites:
    """Who changes a record without saying what they read has read it here: something else there is a conflict.

    When the cache cannot be told, the write stands all the same, and the next fetch brings it.

    What remains: two processes that write the same record within milliseconds may tell the cache in the wrong order;
    it then fetches at the next reading.
    """

    def __init__(
        self,
        remote: LabsRecordRepository,
        log: RecordLog,
        reader: RecordReader,
        ledger: ScopeLedger,
        refresh: ScopeRefresh,
        writes: WritesUnderWay,
    ) -> None:
        self._remote = remote
        self._log = log
        self._reader = reader
        self._ledger = ledger
        self._refresh = refresh
        self._writes = writes
        self._removal = RecordRemoval(log, reader)
        self._turns = Turns()

    async def write_async(self, username: str, items: Sequence[RecordItem], *, action: str = "") -> list[LabsRecord]:
        """Write as ``LabsRecordRepository.write_async`` does."""
        ids = [item.id for item in items if isinstance(item.id, int)]
        async with self._turns.of(f"record {one}" for one in ids):
            with self._writes.one():
                known = await self._known_async(ids)
                before = {record_id: version for record_id, (version, _) in known.items()}
                read = {record_id: record for record_id, (_, record) in known.items()}
                try:
                    written = await self._written_async(username, items, read, before, action)
                except (RecordNotFoundError, AnswerLostError):
                    await self._doubt_async(ids, items)
                    raise
                await self._told_async(written, items, before, action)
        return written

    async def remove_async(
        self, username: str, record_ids: Sequence[int], *, expected: LabsRecord | None = None
    ) -> None:
        """Remove as ``LabsRecordRepository.remove_async`` does."""
        ids = list(dict.fromkeys(record_ids))
        async with self._turns.of(f"record {one}" for one in ids):
            with self._writes.one():
                try:
                    await self._remote.remove_async(username, ids, expected=expected)
                except (RecordNotFoundError, RecordChangedError, AnswerLostError):
                    await self._doubt_async(ids)
                    raise
                try:
                    gone = await self._removal.follow_async(ids)
                    self._ledger.disagree_soon(keys_of(gone))
                except (UnavailableError, OptimisticConcurrencyException) as error:
                    log.warning("the cache was not told that records %s were removed: %s", ids, error)

    async def took_async(self, records: Sequence[LabsRecord], *, action: str = "") -> None:
        """Record what the system of record turned out to have taken from whoever asks, some time ago."""
        await self._told_async(records, (), {}, action)

    async def _known_async(self, ids: Sequence[int]) -> dict[int, tuple[int, LabsRecord]]:
        try:
            return await self._reader.versions_async(ids)
        except UnavailableError:
            return {}

    async def _written_async(
        self,
        username: str,
        items: Sequence[RecordItem],
        read: dict[int, LabsRecord],
        before: dict[int, int],
        action: str,
    ) -> list[LabsRecord]:
        """Write items of which each that changes a record expects what its writer has read.

        That is what the cache holds, unless the item says it itself. Whether the writer may see that is not asked here:
        the system of record shows them nothing of what they may not.
        """
        silent = {item.id for item in items if item.expected is None}
        for tries in range(1, MOST_TRIES + 1):
            expecting = [
                replace(item, expected=read.get(item.id)) if item.id is not None and item.expected is None else item
                for item in items
            ]
            try:
                return await self._remote.write_async(username, expecting, action=action)
            except RecordChangedError as error:
                was_known = await self._learned_async(error, before)
                if error.record_id not in silent:
                    raise
                if error.current is None:
                    raise RecordNotFoundError(error.record_id, error.index) from error
                if not was_known or tries == MOST_TRIES:
                    raise
                # Another process wrote that and has told the cache: only the read model had not caught up.
                read[error.record_id] = error.current
        raise AssertionError("unreachable")

    async def _told_async(
        self, written: Sequence[LabsRecord], items: Sequence[RecordItem], before: dict[int, int], action: str
    ) -> None:
        """Record what the system of record has taken, as done here by whoever asks."""
        keys = keys_of(written)
        if any("public" in item.fields for item in items):
            keys.add(PUBLIC)
        inserted = {one.id for one, item in zip(written, items, strict=False) if item.id is None}
        try:
            # What was inserted has an id that nobody has heard of yet.
            histories = await self._log.load_async(one.id for one in written if one.id not in inserted)
            raced = any(histories[one].state.state_version != version for one, version in before.items())
            await self._log.take_over_async(written, origin=RecordOrigin.HERE, action=action, known=histories)
            self._ledger.disagree_soon(keys)
            if raced:
                await self._ledger.disagree_async(keys, due=True)
        except (UnavailableError, OptimisticConcurrencyException) as error:
            log.warning("the cache was not told of records %s: %s", [one.id for one in written], error)
            for key in keys:
                self._refresh.is_behind(key)

    async def _learned_async(self, error: RecordChangedError, before: dict[int, int]) -> bool:
        """Take over what somebody else has made of a record, unless the cache has heard of it since.

        Returns:
            Whether it had heard of just that.
        """
        known = before.get(error.record_id)
        try:
            history = (await self._log.load_async([error.record_id])).get(error.record_id)
            same = history is not None and history.state.state_version == known
            if error.current is not None and same:
                await self._log.take_over_async([error.current], origin=RecordOrigin.REMOTE)
                await self._ledger.disagree_async(keys_of([error.current]))
                return False
            heard = history.state.record if history is not None else None
            if heard is not None and error.current is not None and is_alike(heard, error.current):
                return True
            await self._doubt_async([error.record_id])
        except (UnavailableError, OptimisticConcurrencyException) as problem:
            log.warning("the cache was not told that record %s changed: %s", error.record_id, problem)
        return False

    async def _doubt_async(self, ids: Sequence[int], items: Sequence[RecordItem] = ()) -> None:
        """Fetch the scopes of records again at the next reading: they are not what the cache says, or may not be."""
        try:
            found = [await self._reader.get_async(one) for one in ids]
            keys = keys_of(one for one in found if one is not None)
            keys |= {key_of(item.scope) for item in items if item.id is None}
            await self._ledger.disagree_async(keys, due=True)
        except LabkeeperError as error:
            log.warning("the cache may be behind with records %s: %s", ids, error)
