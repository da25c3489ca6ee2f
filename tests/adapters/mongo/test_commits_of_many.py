"""Many commits in one call: each stored or refused for itself, in order, at most once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from neuroglia.data.exceptions import OptimisticConcurrencyException

from application.kernel.request_context import RequestContext, acting_as
from domain.kernel.clock import SystemClock
from domain.kernel.domain_event import RecordedDomainEvent
from domain.labops.events import LABOPS_EVENTS
from domain.labops.specimen import Specimen
from domain.labops.values import SpecimenReading, SpecimenStatus
from integration.labops.mongo_specimen_repository import MongoSpecimenRepository
from integration.mongo.driver import MongoDriver, open_driver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import EmptyCommitError, MongoEventStore, Part
from tests.support.mongo import LocalMongod
from tests.support.tallies import holes, version_faults

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest_asyncio.fixture
async def store(driver: MongoDriver) -> AsyncIterator[MongoEventStore]:
    opened = MongoEventStore(driver, "labops", EventCodec("labops", LABOPS_EVENTS), SystemClock())
    await opened.prepare_async()
    yield opened
    await opened.close_async()


def a_specimen(number: int) -> Specimen:
    reading = SpecimenReading(
        specimen_id=f"S{number}",
        assay="CBC",
        machine_id="M1",
        operator_id="O1",
        status=SpecimenStatus.RECEIVED,
        received_at=AT,
    )
    return Specimen.receive(reading, AT)


def part(number: int, command: str | None = None) -> Part:
    events: list[RecordedDomainEvent] = a_specimen(number).pending_events
    stream = f"specimen-S{number}"
    return (stream, events, 0) if command is None else (stream, events, 0, command)


async def commits_of(driver: MongoDriver) -> list[dict[str, object]]:
    return await driver.collection("labops_commits").find({}).sort("_id", 1).to_list(None)


async def test_all_are_stored_in_their_order(store: MongoEventStore, driver: MongoDriver) -> None:
    request = RequestContext(actor="alice")
    with acting_as(request):
        answers = await store.commit_many_async([part(n) for n in range(2500)])
    assert answers == [(n + 1, 1) for n in range(2500)]
    assert request.positions == {"labops": 2500}
    commits = await commits_of(driver)
    assert [commit["s"] for commit in commits] == [f"specimen-S{n}" for n in range(2500)]
    assert holes(commits) == version_faults(commits) == 0


async def test_a_refusal_is_one_commits_own(store: MongoEventStore, driver: MongoDriver) -> None:
    await store.commit_many_async([part(1), part(3)])
    answers = await store.commit_many_async([part(n) for n in range(5)])
    refused = [isinstance(answer, OptimisticConcurrencyException) for answer in answers]
    assert refused == [False, True, False, True, False]
    assert holes(await commits_of(driver)) == 0
    assert len(await commits_of(driver)) == 5


async def test_a_command_id_is_stored_once(store: MongoEventStore, driver: MongoDriver) -> None:
    first = await store.commit_many_async([part(1, "file:2"), part(2, "file:3")])
    again = await store.commit_many_async([part(1, "file:2"), part(2, "file:3"), part(3, "file:4")])
    assert again[:2] == first
    assert await store.find_commands_async(["file:2", "file:4", "file:9"]) == {"file:2": (1, 1), "file:4": (1, 1)}
    assert len(await commits_of(driver)) == 3


async def test_many_callers_at_once_leave_no_hole(store: MongoEventStore, driver: MongoDriver) -> None:
    await asyncio.gather(*(store.commit_many_async([part(c * 100 + n) for n in range(100)]) for c in range(20)))
    commits = await commits_of(driver)
    assert len(commits) == 2000
    assert holes(commits) == version_faults(commits) == 0


async def test_nothing_is_stored_when_one_has_no_events(store: MongoEventStore, driver: MongoDriver) -> None:
    with pytest.raises(EmptyCommitError):
        await store.commit_many_async([part(1), ("specimen-S2", [], 0)])
    assert await commits_of(driver) == []
    assert await store.commit_many_async([]) == []


async def test_refused_aggregates_keep_their_events_and_others_are_committed(store: MongoEventStore) -> None:
    repository = MongoSpecimenRepository(store)
    await store.commit_many_async([part(1)])
    first, second = a_specimen(1), a_specimen(2)
    refused = await repository.save_many_async([first, second])
    assert list(refused) == ["S1"]
    assert (len(first.pending_events), len(second.pending_events)) == (1, 0)
    assert second.state.state_version == 1


async def test_a_database_that_dies_in_the_middle_doubles_nothing(mongod_process: LocalMongod) -> None:
    driver = open_driver("motor", mongod_process.uri, "labkeeper")
    store = MongoEventStore(driver, "labops", EventCodec("labops", LABOPS_EVENTS), SystemClock())
    try:
        await store.prepare_async()
        parts = [part(n, f"file:{n}") for n in range(4000)]
        running = asyncio.create_task(store.commit_many_async(parts))
        while not await driver.collection("labops_commits").estimated_document_count():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        await asyncio.to_thread(mongod_process.kill_nine)
        await asyncio.to_thread(mongod_process.start)
        await asyncio.to_thread(mongod_process.wait_until_primary)
        assert len(await running) == 4000
        commits = await commits_of(driver)
        assert len({commit["s"] for commit in commits}) == len(commits) == 4000
        assert holes(commits) == version_faults(commits) == 0
    finally:
        await store.close_async()
        await driver.close_async()
