"""Counts the records of a place in the read model."""

from collections.abc import Collection

from application.contracts.kept_records import KeptRecords
from integration.records.record_reader import RecordReader


class CountedRecords(KeptRecords):
    def __init__(self, reader: RecordReader) -> None:
        self._reader = reader

    async def count_async(
        self,
        *,
        opportunities: Collection[int] = (),
        programs: Collection[int] = (),
        organizations: Collection[int] = (),
    ) -> int:
        return await self._reader.count_async(
            opportunity_id=opportunities, program_id=programs, organization_id=organizations
        )
