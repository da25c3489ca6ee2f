"""Metric ``tat``: how long results take."""

from datetime import datetime

from application.labops.metrics.buckets import bucketed_async
from application.labops.metrics.metric import Asked, Metric
from application.labops.metrics.views import (
    AssayTurnAround,
    Dropped,
    TurnAroundPoint,
    TurnAroundSeries,
    TurnAroundView,
)
from application.labops.specimen_table import Row

MICROSECONDS = "(epoch_us(processed_at) - epoch_us(received_at))"
"""The turn-around; NULL without a processed time."""
_QUANTILES = "quantile_cont({us} / 60e6, [0.5, 0.9, 0.99])"
_NONE = (0.0, 0.0, 0.0)


class TurnAround(Metric):
    """Quantiles of the turn-around in minutes, of all and by assay."""

    name = "tat"
    description = "Minutes from received to processed of completed specimens: P50, P90 and P99, of all and by assay."
    inputs = ("assay", "status", "received_at", "processed_at")
    filters_on = "processed_at"

    async def answer_async(self, asked: Asked) -> TurnAroundView:
        rows = await asked.specimens.select_async(
            f"SELECT grouping(assay), assay, {_QUANTILES.format(us='us')} FILTER (us >= 0), "  # noqa: S608
            "count(*) FILTER (us >= 0), count(*) FILTER (us < 0), count(*) FILTER (us IS NULL) "
            "FROM done GROUP BY GROUPING SETS ((assay), ()) ORDER BY 1 DESC, 2",
            also=f"done AS (SELECT assay, {MICROSECONDS} AS us FROM specimens WHERE status = 'COMPLETED')",  # noqa: S608
        )
        _, _, quantiles, total, negative, missing = rows[0]
        p50, p90, p99 = quantiles or _NONE
        return TurnAroundView(
            p50=p50,
            p90=p90,
            p99=p99,
            assay=asked.wanted.assay,
            total_specimens=total,
            by_assay=[_of_assay(row) for row in rows[1:] if row[3]],
            dropped=Dropped(negative=negative, missing=missing),
        )


def _of_assay(row: Row) -> AssayTurnAround:
    _, assay, (p50, p90, p99), total, _, _ = row
    return AssayTurnAround(assay=assay, p50=p50, p90=p90, p99=p99, total_specimens=total)


class TurnAroundOverTime(Metric):
    """Quantiles of the turn-around by the hour or day of the result."""

    name = "tat_series"
    description = "P50, P90 and P99 of the turn-around by hour or day of the processed time."
    inputs = TurnAround.inputs
    filters_on = "processed_at"

    async def answer_async(self, asked: Asked) -> TurnAroundSeries:
        def point(at: datetime, row: Row) -> TurnAroundPoint:
            (p50, p90, p99), total = row
            return TurnAroundPoint(timestamp=at, p50=p50, p90=p90, p99=p99, total_specimens=total)

        data = await bucketed_async(
            asked,
            "processed_at",
            where=f"status = 'COMPLETED' AND {MICROSECONDS} >= 0",
            values=f"{_QUANTILES.format(us=MICROSECONDS)}, count(*)",
            point=point,
        )
        return TurnAroundSeries(grain=asked.grain, data=data)
