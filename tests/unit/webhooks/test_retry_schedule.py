"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from application.webhooks.retry_schedule import RetrySchedule

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCHEDULE = RetrySchedule()


def test_waits_double_from_one_second_up_to_five_minutes() -> None:
    waits = [SCHEDULE.wait_seconds(failures, None, 0.0) for failures in (1, 2, 3, 8, 9, 10, 11, 1000)]
    assert waits == [1, 2, 4, 128, 256, 300, 300, 300]


def test_chance_takes_a_fifth_away_at_most() -> None:
    assert SCHEDULE.wait_seconds(4, None, 1.0) == pytest.approx(6.4)


def test_what_the_receiver_asks_for_is_followed_up_to_an_hour() -> None:
    assert SCHEDULE.wait_seconds(1, 90.0, 0.5) == 90
    assert SCHEDULE.wait_seconds(1, 1e9, 0.5) == 3600
    assert SCHEDULE.wait_seconds(5, 0.0, 0.0) == 16


def test_it_is_given_up_when_the_next_try_would_begin_after_24_hours() -> None:
    day = timedelta(hours=24)
    assert SCHEDULE.next_at(NOW + day - timedelta(seconds=300), NOW, 300, None, 0.0) == NOW + day
    assert SCHEDULE.next_at(NOW + day - timedelta(seconds=299), NOW, 300, None, 0.0) is None


def test_all_of_24_hours_is_used() -> None:
    now, tries = NOW, 1
    while (at := SCHEDULE.next_at(now, NOW, tries, None, 0.0)) is not None:
        now, tries = at, tries + 1
    assert now - NOW > timedelta(hours=23, minutes=54)
    assert 290 < tries < 310
