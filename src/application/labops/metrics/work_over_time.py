"""Metric ``wip_series``: how much was open at the end of each hour or day."""

from datetime import timedelta
from itertools import takewhile

from application.labops.metric_filter import MetricFilter
from application.labops.metrics.buckets import grouped_async, starts_between
from application.labops.metrics.lab_calendar import EPOCH, LENGTHS, LabCalendar, microseconds_of, moment_of
from application.labops.metrics.metric import Asked, Metric
from application.labops.metrics.views import Dropped, WipPoint, WipSeries
from application.labops.specimen_table import Row

_OPEN = "status IN ('RECEIVED', 'IN_PROCESS')"
_KNOWN = (
    "known AS (SELECT received_at, "  # noqa: S608 - words of ours
    "CASE WHEN status = 'RECEIVED' THEN NULL WHEN started_at IS NOT NULL THEN greatest(started_at, received_at) "
    "WHEN status = 'IN_PROCESS' THEN received_at END AS begun, "
    f"CASE WHEN NOT {_OPEN} THEN processed_at END AS ended "
    f"FROM specimens WHERE {_OPEN} OR processed_at >= received_at)"
)
_MOVES = (
    f"{_KNOWN}, moves AS (SELECT received_at AS moment, 1 AS waiting, 0 AS working FROM known "  # noqa: S608
    "UNION ALL SELECT begun, -1, 1 FROM known WHERE begun <= coalesce(ended, begun) "
    "UNION ALL SELECT ended, CASE WHEN begun <= ended THEN 0 ELSE -1 END, CASE WHEN begun <= ended THEN -1 ELSE 0 END "
    "FROM known WHERE ended IS NOT NULL)"
)
_SUMS = "coalesce(sum(waiting), 0)::BIGINT, coalesce(sum(working), 0)::BIGINT"
_NOTHING: Row = (0, 0)


class WorkOverTime(Metric):
    """Open specimens at the end of each hour or day, from their times.

    ``from`` and ``to`` choose the hours or days, not the specimens: who looks at a week wants to see what was left of
    the one before. Buckets follow each other without a gap, up to the one that is now.
    """

    name = "wip_series"
    description = "Specimens received and in process at the end of each hour or day, whenever they were received."
    inputs = ("status", "received_at", "started_at", "processed_at")
    filters_on = "received_at"

    async def answer_async(self, asked: Asked) -> WipSeries:
        wanted = asked.wanted
        between = MetricFilter(wanted.from_, wanted.to)
        moved = await grouped_async(
            asked,
            "moment",
            where=between.condition("moment"),
            values=_SUMS,
            bounds=between.parameters,
            source="moves",
            also=_MOVES,
            whenever=True,
        )
        waiting, working = await self._before_async(asked)
        data = []
        for at in _starts(asked, sorted(moved)):
            more = moved.get(at, _NOTHING)
            waiting, working = waiting + more[0], working + more[1]
            data.append(
                WipPoint(
                    timestamp=moment_of(at, asked.zone),
                    received=waiting,
                    in_process=working,
                    total_open=waiting + working,
                )
            )
        return WipSeries(grain=asked.grain, data=data, dropped=await self._dropped_async(asked))

    async def _before_async(self, asked: Asked) -> tuple[int, int]:
        """Return what was received and in process when the first bucket began."""
        if asked.wanted.from_ is None:
            return 0, 0
        [(waiting, working)] = await asked.specimens.select_async(
            f"SELECT {_SUMS} FROM moves WHERE moment < $from",  # noqa: S608 - words of ours
            {"from": asked.wanted.from_},
            also=_MOVES,
            whenever=True,
        )
        return waiting, working

    async def _dropped_async(self, asked: Asked) -> Dropped:
        [(negative, missing)] = await asked.specimens.select_async(
            "SELECT count(*) FILTER (processed_at < received_at), count(*) FILTER (processed_at IS NULL) "  # noqa: S608
            f"FROM specimens WHERE NOT {_OPEN}",
            whenever=True,
        )
        return Dropped(negative=negative, missing=missing)


def _starts(asked: Asked, found: list[int]) -> list[int]:
    """Return the buckets to show; says until when the answer is right if one more comes with time alone."""
    wanted, now = asked.wanted, microseconds_of(asked.now)
    start = microseconds_of(wanted.from_) if wanted.from_ is not None else found[0] if found else None
    if start is None:
        return []
    last = found[-1] if found else start
    end = microseconds_of(wanted.to) if wanted.to is not None else max(last, start) + 1
    if end > now + 1:
        asked.valid_until = EPOCH + timedelta(microseconds=_next_bucket(asked, now))
        end = now + 1
    if end <= start:
        return []
    starts = {*starts_between(asked, start, end), *takewhile(lambda at: at < end, found)}
    return sorted(starts)


def _next_bucket(asked: Asked, now: int) -> int:
    calendar, later = LabCalendar(asked.zone), now + 3 * LENGTHS[asked.grain]
    buckets = calendar.buckets(now, later, asked.grain, calendar.offsets(now, later))
    return next((at for at in buckets if at > now), later)
