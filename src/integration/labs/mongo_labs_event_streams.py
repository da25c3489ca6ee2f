"""The labs log behind the port of its streams."""

from datetime import datetime

from application.kernel.event_feed import RecordedFact
from application.labs.get_lab_history import LabsEventStreams
from integration.mongo.events.event_store import MongoEventStore


class MongoLabsEventStreams(LabsEventStreams):
    """Reads the streams of the labs log."""

    def __init__(self, store: MongoEventStore) -> None:
        self._store = store

    async def read_stream_async(
        self,
        stream: str,
        *,
        after: int = 0,
        limit: int | None = None,
        backwards: bool = False,
        until: datetime | None = None,
    ) -> list[RecordedFact]:
        return await self._store.read_stream_async(stream, after=after, limit=limit, backwards=backwards, until=until)
