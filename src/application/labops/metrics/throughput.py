"""Metric ``throughput``: how much is completed."""

from datetime import datetime

from application.labops.metrics.buckets import bucketed_async
from application.labops.metrics.lab_calendar import LabCalendar
from application.labops.metrics.metric import Asked, Metric
from application.labops.metrics.views import ThroughputPoint, ThroughputSeries, ThroughputView
from application.labops.specimen_table import Row


def _point(at: datetime, row: Row) -> ThroughputPoint:
    return ThroughputPoint(timestamp=at, count=row[0])


def _empty(at: datetime) -> ThroughputPoint:
    return ThroughputPoint(timestamp=at, count=0)


async def _points_async(asked: Asked) -> list[ThroughputPoint]:
    return await bucketed_async(
        asked,
        "processed_at",
        where="status = 'COMPLETED'",
        values="count(*)",
        point=_point,
        empty=_empty if asked.include_empty else None,
    )


class Throughput(Metric):
    """Completed specimens by hour or day, and of today."""

    name = "throughput"
    description = "Completed specimens by hour or day of the processed time, and of the lab's day that is now."
    inputs = ("status", "processed_at")
    filters_on = "processed_at"

    async def answer_async(self, asked: Asked) -> ThroughputView:
        data = await _points_async(asked)
        start, end = LabCalendar(asked.zone).day_of(asked.now)
        asked.valid_until = end
        today = await asked.specimens.select_async(
            "SELECT count(*) FROM specimens WHERE status = 'COMPLETED' AND processed_at >= $start "
            "AND processed_at < $end",
            {"start": start, "end": end},
            whenever=True,
        )
        total = sum(point.count for point in data)
        return ThroughputView(data=data, grain=asked.grain, today=today[0][0], total=total)


class ThroughputOverTime(Metric):
    """Completed specimens by hour or day."""

    name = "throughput_series"
    description = "Completed specimens by hour or day of the processed time."
    inputs = Throughput.inputs
    filters_on = "processed_at"

    async def answer_async(self, asked: Asked) -> ThroughputSeries:
        return ThroughputSeries(grain=asked.grain, data=await _points_async(asked))
