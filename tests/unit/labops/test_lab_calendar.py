"""Hours and days on the clocks of many places, over summer time and stranger changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.labops.metric_filter import MetricFilter
from application.labops.metrics.lab_calendar import LabCalendar, microseconds_of, moment_of
from application.labops.metrics.views import Grain
from tests.support.measured import Measured
from tests.support.specimen_tables import specimen

ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
    "Antarctica/Troll",
]
_START = datetime(2005, 1, 1, tzinfo=UTC)
_moments = st.integers(0, 25 * 365 * 86_400).map(lambda seconds: _START + timedelta(seconds=seconds))


def starts(zone: str, grain: Grain, first: datetime, end: datetime) -> list[datetime]:
    calendar = LabCalendar(ZoneInfo(zone))
    begin, until = microseconds_of(first), microseconds_of(end)
    offsets = calendar.offsets(begin, until)
    return [moment_of(at, calendar.zone) for at in calendar.buckets(begin, until, grain, offsets)]


@given(zone=st.sampled_from(ZONES), at=_moments)
@settings(max_examples=300, deadline=None)
def test_a_bucket_holds_what_the_clock_shows(zone: str, at: datetime) -> None:
    calendar = LabCalendar(ZoneInfo(zone))
    for grain in Grain:
        moment = microseconds_of(at)
        offsets = calendar.offsets(moment, moment)
        start = moment_of(calendar.bucket_start(moment, grain, offsets), calendar.zone)
        shown = at.astimezone(calendar.zone)
        assert start.astimezone(UTC) <= at
        assert start.date() == shown.date()
        if grain is Grain.HOUR:
            assert (start.hour, start.utcoffset()) == (shown.hour, shown.utcoffset())
            assert at - start.astimezone(UTC) < timedelta(hours=1)
        else:
            assert at - start.astimezone(UTC) < timedelta(hours=26)


@given(zone=st.sampled_from(ZONES), at=_moments, hours=st.integers(1, 24 * 40))
@settings(max_examples=60, deadline=None)
def test_buckets_follow_each_other_without_a_gap(zone: str, at: datetime, hours: int) -> None:
    calendar = LabCalendar(ZoneInfo(zone))
    end = at + timedelta(hours=hours)
    offsets = calendar.offsets(microseconds_of(at), microseconds_of(end))
    for grain in Grain:
        listed = list(calendar.buckets(microseconds_of(at), microseconds_of(end), grain, offsets))
        assert listed == sorted(set(listed))
        for moment in range(microseconds_of(at), microseconds_of(end), 900_000_000):
            assert calendar.bucket_start(moment, grain, offsets) in listed


def test_the_hour_that_the_clock_shows_twice_is_two_buckets() -> None:
    found = starts(
        "Europe/Berlin", Grain.HOUR, datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 10, 25, 3, tzinfo=UTC)
    )

    assert [at.isoformat() for at in found] == [
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


def test_the_hour_that_the_clock_skips_is_none() -> None:
    found = starts("Europe/Berlin", Grain.HOUR, datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 29, 2, tzinfo=UTC))

    assert [at.isoformat() for at in found] == ["2026-03-29T01:00:00+01:00", "2026-03-29T03:00:00+02:00"]


def test_a_day_that_the_place_never_had_is_none() -> None:
    # Samoa went from Thursday to Saturday.
    found = starts("Pacific/Apia", Grain.DAY, datetime(2011, 12, 29, 12, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC))

    assert [at.date().isoformat() for at in found] == ["2011-12-29", "2011-12-31", "2012-01-01"]


@pytest.mark.parametrize(("day", "hours"), [(29, 23), (30, 24)])
async def test_days_of_summer_time_count_all_their_hours(day: int, hours: int) -> None:
    start = datetime(2026, 3, day, tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)
    rows = [specimen(f"S{hour}", received_at=start + timedelta(hours=hour), minutes=30) for hour in range(-2, 27)]
    measured = Measured(rows, zone="Europe/Berlin")
    view = await measured.ask_async("throughput", MetricFilter(), grain=Grain.DAY)

    assert {point.timestamp.day: point.count for point in view.data}[day] == hours


async def test_times_before_1970_are_in_their_own_hours() -> None:
    row = specimen("A", received_at=datetime(1969, 12, 31, 22, 40, tzinfo=UTC), minutes=30)
    view = await Measured([row]).ask_async("throughput")

    assert view.data[0].timestamp == datetime(1969, 12, 31, 23, tzinfo=UTC)
