"""Grouping specimens by hour or day of the lab's clock."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from application.labops.metric_filter import TimeColumn
from application.labops.metrics.lab_calendar import LENGTHS, LabCalendar, Offsets, microseconds_of, moment_of
from application.labops.metrics.metric import MOST_BUCKETS, Asked, TooMuchAskedError
from application.labops.metrics.views import Grain
from application.labops.specimen_table import Row

Point = TypeVar("Point")
POINTS_PER_TURN = 2_000
"""Points that are made at a stretch, a few milliseconds, before others get a turn."""


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
    found = await grouped_async(asked, column, where=where, values=values, parameters=parameters)
    starts = sorted(found) if empty is None else _all_starts(asked, sorted(found))
    points = []
    for number, at in enumerate(starts, 1):
        if not number % POINTS_PER_TURN:
            await asyncio.sleep(0)
        moment, row = moment_of(at, asked.zone), found.get(at)
        if row is not None:
            points.append(point(moment, row))
        elif empty is not None:
            points.append(empty(moment))
    return points


async def grouped_async(
    asked: Asked,
    column: str,
    *,
    where: str,
    values: str,
    parameters: Mapping[str, Any] | None = None,
    source: str = "specimens",
    also: str = "",
    bounds: Mapping[str, Any] | None = None,
    whenever: bool = False,
) -> dict[int, Row]:
    """Return the aggregates of each bucket that has a row, by its first microsecond since 1970.

    Args:
        parameters: what ``values`` names.
        source: relation whose rows are grouped by ``column``; ``also`` says what it is when it is not ``specimens``.
        bounds: what ``where`` names.
        whenever: leave out ``from`` and ``to`` of the filter.

    Raises:
        TooMuchAskedError: there are more than ``MOST_BUCKETS``.
    """
    counted = f"FROM {source} WHERE {where} AND {column} IS NOT NULL"
    before = f"{also}, " if also else ""
    calendar = LabCalendar(asked.zone)
    if calendar.never_changes:
        offsets = calendar.offsets(0, 0)
    else:
        ends = f"SELECT epoch_us(min({column})), epoch_us(max({column})) {counted}"
        first, last = (await asked.specimens.select_async(ends, bounds, also=also, whenever=whenever))[0]
        if first is None:
            return {}
        offsets = calendar.offsets(first, last)
    length, grain = LENGTHS[asked.grain], asked.grain
    timed = f"timed AS (SELECT *, epoch_us({column}) AS us {counted})"
    moved = f"moved AS (SELECT *, ({offsets.sql('us')})::BIGINT AS shift FROM timed)"  # noqa: S608
    # The remainder of a time before 1970 is negative.
    floored = f"us + shift - ((us + shift) % {length} + {length}) % {length}"
    shift = "shift" if grain is Grain.HOUR else "0"
    rows = await asked.specimens.select_async(
        f"SELECT {floored} AS local, {shift} AS off, {values} FROM moved GROUP BY 1, 2 "  # noqa: S608
        f"ORDER BY 1, 2 LIMIT {MOST_BUCKETS + 1}",
        {**(parameters or {}), **(bounds or {})},
        also=f"{before}{timed}, {moved}",
        whenever=whenever,
    )
    if len(rows) > MOST_BUCKETS:
        raise _too_many()
    return {calendar.start_of(row[0], row[1], grain, offsets): row[2:] for row in rows}


def _all_starts(asked: Asked, found: list[int]) -> list[int]:
    """Return the buckets between the filter's ends, or those of the data where it has none."""
    wanted = asked.wanted
    start = microseconds_of(wanted.from_) if wanted.from_ is not None else found[0] if found else None
    end = microseconds_of(wanted.to) if wanted.to is not None else found[-1] + 1 if found else None
    if start is None or end is None:
        return found
    return sorted({*starts_between(asked, start, end), *found})


def starts_between(asked: Asked, start: int, end: int) -> list[int]:
    """Return the first microseconds of all buckets from the one that holds ``start`` to before ``end``.

    Raises:
        TooMuchAskedError: there are more than ``MOST_BUCKETS``.
    """
    if (end - start) // LENGTHS[asked.grain] >= MOST_BUCKETS:
        raise _too_many()
    calendar = LabCalendar(asked.zone)
    offsets: Offsets = calendar.offsets(start, end)
    return list(calendar.buckets(start, end, asked.grain, offsets))


def _too_many() -> TooMuchAskedError:
    return TooMuchAskedError("grain", f"must give at most {MOST_BUCKETS} buckets: ask for days, or less from and to")
