"""Grouping specimens by hour or day of the lab's clock."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from application.labops.metric_filter import TimeColumn
from application.labops.metrics.lab_calendar import LENGTHS, LabCalendar, Offsets, microseconds_of, moment_of
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
    calendar = LabCalendar(asked.zone)
    found: dict[int, Row] = {}
    offsets = await _offsets_async(calendar, asked, column, counted)
    if offsets is not None:
        length, grain = LENGTHS[asked.grain], asked.grain
        timed = f"timed AS (SELECT *, epoch_us({column}) AS us FROM specimens WHERE {counted})"  # noqa: S608
        moved = f"moved AS (SELECT *, ({offsets.sql('us')})::BIGINT AS shift FROM timed)"  # noqa: S608
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
    starts = sorted(found) if empty is None else _all_starts(calendar, asked, sorted(found))
    points = []
    for at in starts:
        moment, row = moment_of(at, asked.zone), found.get(at)
        if row is not None:
            points.append(point(moment, row))
        elif empty is not None:
            points.append(empty(moment))
    return points


async def _offsets_async(calendar: LabCalendar, asked: Asked, column: TimeColumn, counted: str) -> Offsets | None:
    """Return the zone's offsets while there are specimens; None when there are none."""
    if calendar.never_changes:
        return calendar.offsets(0, 0)
    ends = f"SELECT epoch_us(min({column})), epoch_us(max({column})) FROM specimens WHERE {counted}"  # noqa: S608
    first, last = (await asked.specimens.select_async(ends))[0]
    return None if first is None else calendar.offsets(first, last)


def _all_starts(calendar: LabCalendar, asked: Asked, found: list[int]) -> list[int]:
    """Return the buckets between the filter's ends, or those of the data where it has none."""
    wanted = asked.wanted
    start = microseconds_of(wanted.from_) if wanted.from_ is not None else found[0] if found else None
    end = microseconds_of(wanted.to) if wanted.to is not None else found[-1] + 1 if found else None
    if start is None or end is None:
        return found
    if (end - start) // LENGTHS[asked.grain] >= MOST_BUCKETS:
        raise _too_many()
    return sorted({*calendar.buckets(start, end, asked.grain, calendar.offsets(start, end)), *found})


def _too_many() -> TooMuchAskedError:
    return TooMuchAskedError("grain", f"must give at most {MOST_BUCKETS} buckets: ask for days, or less from and to")
