"""The lab's clock: where its hours and days begin, over changes of summer time too.

Grouping happens in SQL by plain arithmetic on microseconds. The offsets come from here and not from the engine, so that
both halves agree on one set of zone rules.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from application.labops.metrics.views import Grain

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LENGTHS = {Grain.HOUR: 3_600_000_000, Grain.DAY: 86_400_000_000}
# Offsets outside these years are taken as those at their edges: no specimen is that old, and time ends at 9999.
_FIRST_YEAR, _LAST_YEAR = 1900, 2200


def microseconds_of(at: datetime) -> int:
    """Return an aware time as microseconds since 1970 UTC."""
    return (at - EPOCH) // MICROSECOND


def moment_of(microseconds: int, zone: ZoneInfo) -> datetime:
    """Return microseconds since 1970 UTC as a time in a zone, or in UTC where the zone would leave the calendar."""
    at = EPOCH + timedelta(microseconds=microseconds)
    try:
        return at.astimezone(zone)
    except (OverflowError, ValueError):
        return at


@dataclass(frozen=True, slots=True)
class Offsets:
    """The zone's offsets from UTC over a span of time: ``offsets[i]`` holds from ``starts[i]`` on, microseconds."""

    starts: tuple[int, ...]
    offsets: tuple[int, ...]

    def at(self, microseconds: int) -> int:
        """Return the offset at a time."""
        return self.offsets[max(0, bisect_right(self.starts, microseconds) - 1)]

    def next_change(self, microseconds: int) -> int | None:
        """Return when the offset changes after a time; None when it does not in this span."""
        index = bisect_right(self.starts, microseconds)
        return self.starts[index] if 0 < index < len(self.starts) else None

    def first_showing(self, local: int) -> int:
        """Return the first moment at which the clock shows ``local``, or later where it skips that."""
        earliest, latest = local - max(self.offsets), local - min(self.offsets)
        changes = self.starts[bisect_left(self.starts, earliest) : bisect_right(self.starts, latest)]
        candidates = [*(local - offset for offset in set(self.offsets)), *changes]
        return min(at for at in candidates if at + self.at(at) >= local)

    def sql(self, microseconds: str) -> str:
        """Return the SQL expression of the offset at an expression of microseconds."""
        if len(set(self.offsets)) == 1:
            return str(self.offsets[0])
        later = list(zip(self.starts, self.offsets, strict=True))[1:]
        cases = " ".join(f"WHEN {microseconds} >= {start} THEN {offset}" for start, offset in reversed(later))
        return f"CASE {cases} ELSE {self.offsets[0]} END"


class LabCalendar:
    """Hours and days of one zone."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone

    @property
    def never_changes(self) -> bool:
        """Whether the offsets are the same whenever one asks."""
        return self.zone.key == "UTC"

    def offsets(self, first: int, last: int) -> Offsets:
        """Return the offsets between two times in microseconds."""
        if self.never_changes:
            return Offsets((0,), (0,))
        start_year, end_year = (min(max(_year_of(at), _FIRST_YEAR), _LAST_YEAR) for at in (first, last))
        changes = [change for year in range(start_year, end_year + 1) for change in _changes_in(self.zone, year)]
        begin = microseconds_of(datetime(start_year, 1, 1, tzinfo=UTC))
        starts, offsets = [begin], [_offset_at(self.zone, begin)]
        for at, offset in changes:
            if offset != offsets[-1]:
                starts.append(at)
                offsets.append(offset)
        return Offsets(tuple(starts), tuple(offsets))

    def day_of(self, at: datetime) -> tuple[datetime, datetime]:
        """Return the first moment of the lab's day at a time, and of the day after."""
        day = at.astimezone(self.zone).date()
        return self._midnight(day), self._midnight(day + timedelta(days=1))

    def _midnight(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(UTC)

    def bucket_start(self, at: int, grain: Grain, offsets: Offsets) -> int:
        """Return the first microsecond of the bucket that holds a time."""
        offset = offsets.at(at)
        local = (at + offset) // LENGTHS[grain] * LENGTHS[grain]
        return self.start_of(local, offset, grain, offsets)

    def start_of(self, local: int, offset: int, grain: Grain, offsets: Offsets) -> int:
        """Return the first microsecond of the bucket that begins at ``local`` on the lab's clock.

        Args:
            offset: of the bucket; where the clock is set back an hour is there twice, once with each offset. A day is
                there once: its first offset counts.
        """
        if grain is Grain.DAY:
            return offsets.first_showing(local)
        start = local - offset
        if offsets.at(start) != offset:
            return offsets.next_change(start) or start
        return start

    def buckets(self, first: int, end: int, grain: Grain, offsets: Offsets) -> Iterator[int]:
        """Return the first microseconds of all buckets from the one that holds ``first`` to before ``end``."""
        start = self.bucket_start(first, grain, offsets)
        while start < end:
            yield start
            offset = offsets.at(start)
            local = (start + offset) // LENGTHS[grain] * LENGTHS[grain] + LENGTHS[grain]
            if grain is Grain.DAY:
                start = self.start_of(local, offset, grain, offsets)
                continue
            following, change = local - offset, offsets.next_change(start)
            start = following if change is None else min(following, change)


def _year_of(microseconds: int) -> int:
    return (EPOCH + timedelta(microseconds=microseconds)).year


def _offset_at(zone: ZoneInfo, microseconds: int) -> int:
    offset = (EPOCH + timedelta(microseconds=microseconds)).astimezone(zone).utcoffset()
    return 0 if offset is None else offset // MICROSECOND


@lru_cache(maxsize=2_000)
def _changes_in(zone: ZoneInfo, year: int) -> tuple[tuple[int, int], ...]:
    """Return when the offset changes in a year, and to what."""
    day = LENGTHS[Grain.DAY]
    at = microseconds_of(datetime(year, 1, 1, tzinfo=UTC))
    end = microseconds_of(datetime(year + 1, 1, 1, tzinfo=UTC))
    found = []
    while at < end:
        before, after = _offset_at(zone, at), _offset_at(zone, at + day)
        if before != after:
            low, high = at, at + day
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if _offset_at(zone, middle) == before else (low, middle)
            found.append((high, after))
        at += day
    return tuple(found)
