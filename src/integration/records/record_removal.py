"""Removing records with everything below them."""

from collections.abc import Sequence

from application.kernel.conflicts import deciding_again_async
from domain.records.errors import RecordChangedError, RecordNotFoundError
from domain.records.record_access import Includes, may_change
from domain.records.record_batches import check_expected
from domain.records.record_history import LabsRecordHistory
from domain.records.values import LabsRecord
from integration.records.record_log import RecordLog
from integration.records.record_reader import RecordReader

TOGETHER = 1_000
"""So many are removed in one go. Of more than that the innermost go first, so that whatever happens in between leaves a
smaller tree, which can be removed again, and no children without their parents."""


class RecordRemoval:
    """Removes records and, whoever they belong to, their children."""

    def __init__(self, log: RecordLog, reader: RecordReader) -> None:
        self._log = log
        self._reader = reader

    async def run_async(
        self, record_ids: Sequence[int], includes: Includes, expected: LabsRecord | None = None
    ) -> None:
        """Remove records that somebody may change.

        Raises:
            RecordNotFoundError: one is not there for them.
            RecordChangedError: the record is not what they expect.
        """
        ids = list(dict.fromkeys(record_ids))
        if not ids:
            return

        async def attempt() -> list[int]:
            await self._allowed_async(ids, includes, expected)
            below = await self._below_async(ids)
            while len(below) + len(ids) > TOGETHER:
                last = dict(list(below.items())[-TOGETHER:])
                await self._remove_async({}, last)
                for record_id in last:
                    del below[record_id]
            await self._remove_async(await self._allowed_async(ids, includes, expected), below)
            return [*ids, *below]

        gone = await deciding_again_async(attempt)
        # A child that came while its parent went was not seen above.
        while late := await self._below_async(gone):
            await deciding_again_async(lambda late=late: self._remove_async({}, late))  # type: ignore[misc]
            gone = list(late)

    async def follow_async(self, record_ids: Sequence[int]) -> list[LabsRecord]:
        """Remove records, and what is below them, that the system of record has removed; return what they were."""
        ids = list(dict.fromkeys(record_ids))

        async def attempt() -> list[LabsRecord]:
            histories = await self._log.load_async(ids)
            meant = {key: one for key, one in histories.items() if one.state.data is not None}
            below = await self._below_async(ids)
            children = await self._log.load_async(below)
            records = [one.state.record for one in (*meant.values(), *children.values())]
            await self._remove_async(meant, below)
            return [one for one in records if one is not None]

        return await deciding_again_async(attempt)

    async def _allowed_async(
        self, ids: Sequence[int], includes: Includes, expected: LabsRecord | None
    ) -> dict[int, LabsRecordHistory]:
        histories = await self._log.load_async(ids)
        for index, record_id in enumerate(ids):
            history = histories.get(record_id)
            record = history.state.record if history is not None else None
            if record is None and expected is not None:
                raise RecordChangedError(record_id, None, index)
            if record is None or not may_change(record, includes):
                raise RecordNotFoundError(record_id, index)
            check_expected(record, expected, index)
        return histories

    async def _below_async(self, ids: Sequence[int]) -> dict[int, int]:
        """Return all records below others, and the parent of each; those further down come later."""
        seen = set(ids)
        below: dict[int, int] = {}
        level = list(ids)
        while level:
            children = await self._reader.children_async(level)
            new = {child: parent for child, parent in sorted(children.items()) if child not in seen}
            below |= new
            seen |= new.keys()
            level = list(new)
        return below

    async def _remove_async(self, meant: dict[int, LabsRecordHistory], below: dict[int, int]) -> None:
        at = self._log.clock.now()
        for history in meant.values():
            history.remove(at)
        histories = await self._log.load_async(below)
        for record_id, parent in below.items():
            history = histories[record_id]
            # It may have got another parent, or have been removed, since the read model was asked.
            if history.state.data is not None and history.state.columns["labs_record_id"] == parent:
                history.remove(at, because_of=parent)
        await self._log.store_async([*meant.values(), *histories.values()])
