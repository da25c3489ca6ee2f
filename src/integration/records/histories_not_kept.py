"""Histories where records are in the system of record alone: it keeps none, and neither do we."""

from typing import Any, NoReturn

from application.records.record_histories import RecordHistories
from domain.records.errors import HistoryNotKeptError


class HistoriesNotKept(RecordHistories):
    """Says so."""

    async def entries_async(self, *_args: Any, **_options: Any) -> NoReturn:
        raise HistoryNotKeptError

    async def at_version_async(self, *_args: Any, **_options: Any) -> NoReturn:
        raise HistoryNotKeptError

    async def version_async(self, *_args: Any, **_options: Any) -> NoReturn:
        raise HistoryNotKeptError
