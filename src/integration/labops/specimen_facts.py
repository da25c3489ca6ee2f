"""The facts about single specimens, out of the labops log."""

from collections.abc import Sequence

from application.kernel.event_feed import EventStreams, RecordedFact
from application.labops.specimens.get_specimen_history import SpecimenFacts
from domain.kernel.stream_events import StreamDeletedDomainEvent


class LoggedSpecimenFacts(SpecimenFacts):
    """Reads the streams ``specimen-<specimen id>``."""

    def __init__(self, streams: EventStreams) -> None:
        self._streams = streams

    async def of_async(self, specimen_id: str) -> Sequence[RecordedFact]:
        facts = await self._streams.read_stream_async(f"specimen-{specimen_id}")
        return [] if facts and isinstance(facts[-1].event, StreamDeletedDomainEvent) else facts
