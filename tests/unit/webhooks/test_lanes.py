"""Lanes: each at most once at a time, webhooks in turn, within bounds."""

from datetime import UTC, datetime, timedelta

from application.webhooks.deliveries import Lane
from integration.webhooks.lanes import Lanes

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(seconds=10)


def taken(lanes: Lanes, now: datetime = NOW) -> list[Lane]:
    found = []
    while (lane := lanes.take(now)) is not None:
        found.append(lane)
    return found


def test_the_bounds_hold_per_webhook_and_in_all() -> None:
    lanes = Lanes(4, 16)
    for webhook in "abcdef":
        for stream in range(10):
            lanes.touch(Lane(webhook, f"s{stream}"))
    first = taken(lanes)
    assert len(first) == 16
    assert max(sum(lane.webhook_id == webhook for lane in first) for webhook in "abcdef") <= 4
    assert {lane.webhook_id for lane in first} == set("abcdef")
    lanes.release(first[0], None)
    assert len(taken(lanes)) == 1


def test_a_busy_lane_is_not_taken_again_but_looked_at_afterwards_when_touched() -> None:
    lanes = Lanes(4, 16)
    lane = Lane("a", "s")
    lanes.touch(lane)
    assert taken(lanes) == [lane]
    lanes.touch(lane)
    lanes.find(lane)
    assert taken(lanes) == []
    lanes.release(lane, None)
    assert taken(lanes) == [lane]
    lanes.release(lane, None)
    assert taken(lanes) == []


def test_a_lane_waits_until_it_is_due_and_a_touch_brings_it_forward() -> None:
    lanes = Lanes(4, 16)
    lane = Lane("a", "s")
    lanes.touch(lane)
    taken(lanes)
    lanes.release(lane, LATER)
    assert lanes.next_due() == LATER
    lanes.find(lane)
    assert taken(lanes) == []
    lanes.touch(lane)
    assert taken(lanes) == [lane]
    lanes.release(lane, LATER)
    assert taken(lanes, LATER) == [lane]
    lanes.release(lane, None)
    assert taken(lanes, LATER) == []
    assert lanes.next_due() is None
