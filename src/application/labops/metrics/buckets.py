"""Grouping specimens by hour or day of the lab's clock."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from application.labops.metric_filter import TimeColumn
from application.labops.metrics.lab_calendar import LENGTHS, LabCalendar, microseconds_of, moment_of
from application.labops.metrics.metric import MOST_BUCKETS, Asked, TooMuchAskedError
from application.labops.metrics.views import Grain
from application.labops.specimen_table import Row

Point = TypeVar("Point")


async def bucketed_async(
    asked: Asked,
    column: TimeColumn,
    *,
    where: str,
    values: str,
    point: Callable[[datetime, Row], Point],
    empty: Callable[[datetime], Point] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> list[Point]:
    """Return one point for each bucket that has a specimen, ascending, and for each other one when ``empty`` is given.

    Args:
        where: condition of the specimens that count; those without a time in ``column`` never do.
        values: aggregates over the specimens of a bucket.
        point: made of the first moment of a bucket and the aggregates.
        empty: the point of a bucket without a specimen; they are left out when None.

    Raises:
        TooMuchAskedError: there would be more than ``MOST_BUCKETS``.
    """
    counted = f"{where} AND {column} IS NOT NULL"
    ends = f"SELECT epoch_us(min({column})), epoch_us(max({column})) FROM specimens WHERE {counted}"  # noqa: S608
    first, last = (await asked.specimens.select_async(ends))[0]
    start, end = _span(first, last, asked) if empty is not None else (first, last)
    if start is None or end is None:
        return []
    calendar = LabCalendar(asked.zone)
    offsets = calendar.offsets(min(start, first or start), max(end, last or end))
    found: dict[int, Row] = {}
    if first is not None:
        length, grain = LENGTHS[asked.grain], asked.grain
        offset = offsets.sql("us")
        timed = f"timed AS (SELECT *, epoch_us({column}) AS us FROM specimens WHERE {counted})"  # noqa: S608
        moved = f"moved AS (SELECT *, ({offset})::BIGINT AS shift FROM timed)"  # noqa: S608
        # The remainder of a time before 1970 is negative.
        floored = f"us + shift - ((us + shift) % {length} + {length}) % {length}"
        shift = "shift" if grain is Grain.HOUR else "0"
        rows = await asked.specimens.select_async(
            f"SELECT {floored} AS local, {shift} AS off, {values} FROM moved GROUP BY 1, 2 "  # noqa: S608
            f"ORDER BY 1, 2 LIMIT {MOST_BUCKETS + 1}",
            parameters,
            also=f"{timed}, {moved}",
        )
        if len(rows) > MOST_BUCKETS:
            raise _too_many()
        found = {calendar.start_of(row[0], row[1], grain, offsets): row[2:] for row in rows}
    if empty is None:
        return [point(moment_of(at, asked.zone), found[at]) for at in sorted(found)]
    if (end - start) // LENGTHS[asked.grain] >= MOST_BUCKETS:
        raise _too_many()
    starts = sorted({*calendar.buckets(start, end, asked.grain, offsets), *found})
    moments = ((at, moment_of(at, asked.zone)) for at in starts)
    return [point(moment, found[at]) if at in found else empty(moment) for at, moment in moments]


def _span(first: int | None, last: int | None, asked: Asked) -> tuple[int | None, int | None]:
    """Return from where to before where empty buckets are wanted: the filter's ends, else those of the data."""
    wanted = asked.wanted
    start = first if wanted.from_ is None else microseconds_of(wanted.from_)
    end = (None if last is None else last + 1) if wanted.to is None else microseconds_of(wanted.to)
    return start, end


def _too_many() -> TooMuchAskedError:
    return TooMuchAskedError("grain", f"must give at most {MOST_BUCKETS} buckets: ask for days, or less from and to")
