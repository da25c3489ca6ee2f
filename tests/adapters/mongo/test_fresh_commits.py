"""What a process wrote a moment ago, without asking the database: the same, and nothing when a commit is missing."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.labops.specimen_events import SpecimenReceivedDomainEvent
from integration.mongo.driver import MongoDriver
from integration.mongo.events.commit_tails import CommitTails
from integration.mongo.events.commits import Commit
from integration.mongo.events.fresh_commits import FreshCommits
from tests.support.specimen_log import SpecimenHistories, labops_log

NOW = datetime(2026, 2, 3, 8, 0, 0, 123_999, tzinfo=UTC)


def commits(*streams: str, text: str = "") -> list[Commit]:
    event = {"id": "a.1", "type": "t.v1", "at": NOW, "data": {"text": text}}
    return [Commit(stream, 0, [event], f"command-{stream}", {}, NOW) for stream in streams]


def streams(fresh: FreshCommits, after: int, limit: int = 100) -> list[str]:
    return [tail.stream for tail in fresh.read(after, limit)]


@pytest.mark.parametrize("driver_name", ["motor"], indirect=True)
async def test_fresh_ends_equal_those_of_the_log(driver: MongoDriver) -> None:
    log = labops_log(driver)
    await log.prepare_async()
    fresh = log.keep_fresh()
    histories = SpecimenHistories(log)
    await histories.receive_async("one", steps=2)
    await histories.receive_async("two")
    east = datetime(2026, 3, 1, 9, 30, 0, 987_654, tzinfo=timezone(timedelta(hours=2)))
    odd = SpecimenReceivedDomainEvent(
        aggregate_id="three",
        created_at=NOW,
        event_id="three.1",
        aggregate_version=1,
        assay="CBC",
        machine_id="M1",
        operator_id="O1",
        received_at=east,
    )
    await log.commit_many_async([("specimen-three", [odd], 0)])
    await log.delete_async("specimen-three")
    read = await CommitTails(driver, log.log, log.codec).read_async(0, 100)
    told = fresh.read(0, 100)
    assert [one.stream for one in read] == ["specimen-one", "specimen-two", "specimen-three", "specimen-three"]
    assert read[2].stored is None
    assert told[2].stored is not None
    received = datetime(2026, 3, 1, 7, 30, 0, 987_000, tzinfo=UTC)
    assert told[2].stored["data"]["received_at"] == received.replace(tzinfo=None)
    assert [one for one in told if one.position != 3] == [one for one in read if one.position != 3]
    assert told[2]._replace(stored=None) == read[2]
    await log.close_async()


def test_what_was_read_is_let_go_and_what_comes_next_is_given() -> None:
    fresh = FreshCommits()
    fresh.add(1, commits("a", "b"))
    fresh.add(3, commits("c"))
    assert streams(fresh, 0, limit=2) == ["a", "b"]
    assert streams(fresh, 2) == ["c"]
    assert streams(fresh, 1) == []
    assert streams(fresh, 3) == []
    fresh.add(4, commits("d"))
    assert streams(fresh, 3) == ["d"]


def test_a_reader_that_lacks_an_earlier_commit_gets_nothing() -> None:
    fresh = FreshCommits()
    fresh.add(5, commits("e"))
    assert streams(fresh, 3) == []
    assert streams(fresh, 4) == ["e"]


def test_commits_of_others_in_between_are_no_gap_for_the_reader() -> None:
    fresh = FreshCommits()
    fresh.add(1, commits("a"))
    fresh.add(4, commits("d"))
    assert streams(fresh, 0) == []
    assert streams(fresh, 1) == []
    assert streams(fresh, 3) == ["d"]


@pytest.mark.parametrize("fresh", [FreshCommits(most=2), FreshCommits(most_bytes=500)], ids=["by number", "by bytes"])
def test_more_than_may_be_kept_is_forgotten_altogether(fresh: FreshCommits) -> None:
    fresh.add(1, commits("a", "b", "c", text="x" * 100))
    assert streams(fresh, 0) == []
    fresh.add(4, commits("d"))
    assert streams(fresh, 2) == []
    assert streams(fresh, 3) == ["d"]
