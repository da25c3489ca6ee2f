"""How a lab spent its time, from its events."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from neuroglia.core import OperationResult
from neuroglia.mediation import Query, QueryHandler

from application.kernel.refusals import missing
from application.labs.get_lab_history import LabsEventStreams
from domain.kernel.clock import Clock
from domain.labs.lab_record import LabRecord
from domain.labs.state_times import state_times

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabMetrics:
    """Times in seconds; ``start`` is later than asked for when the lab was first seen inside the window."""

    start: datetime
    end: datetime
    seconds_in_state: dict[str, float]
    share_in_state: dict[str, float]
    transitions: int
    transitions_per_day: float
    last_changed_at: datetime
    seconds_since_change: float


@dataclass(frozen=True, kw_only=True)
class GetLabMetricsQuery(Query[OperationResult[LabMetrics]]):
    """Measure a lab over the window that ends now."""

    record_id: str
    window: timedelta


class GetLabMetricsQueryHandler(QueryHandler[GetLabMetricsQuery, OperationResult[LabMetrics]]):
    def __init__(self, streams: LabsEventStreams, clock: Clock) -> None:
        self._streams = streams
        self._clock = clock

    async def handle_async(self, request: GetLabMetricsQuery) -> OperationResult[LabMetrics]:
        facts = await self._streams.read_stream_async(f"{LabRecord.category()}-{request.record_id}")
        now = self._clock.now()
        times = state_times((fact.event for fact in facts), now - request.window, now)
        if times is None:
            return missing("lab record", request.record_id)
        length = times.end - times.start
        return self.ok(
            LabMetrics(
                start=times.start,
                end=times.end,
                seconds_in_state={state: spent.total_seconds() for state, spent in times.time_in_state.items()},
                share_in_state=times.shares(),
                transitions=times.transitions,
                transitions_per_day=times.transitions / (length / DAY) if length else 0.0,
                last_changed_at=times.last_changed_at,
                seconds_since_change=(now - times.last_changed_at).total_seconds(),
            )
        )
