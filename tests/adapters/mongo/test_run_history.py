"""The record of job runs, on both drivers."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from application.kernel.jobs import JobRun, RunAlreadyEndedError, RunOutcome, RunPart
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from integration.mongo.driver import MongoDriver
from integration.mongo.runs.run_history import MongoRunHistory
from integration.mongo.runs.time_ordered_ids import TimeOrderedIds
from tests.support.mongo import LocalMongod, open_impatient_driver_async

pytestmark = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)


class TurnedClock(Clock):
    """A clock that a test turns by hand."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def turn(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest_asyncio.fixture
async def history(driver: MongoDriver, clock: TurnedClock) -> MongoRunHistory:
    made = MongoRunHistory(driver, clock)
    await made.prepare_async()
    return made


async def test_progress_can_be_read_while_the_run_goes_on(history: MongoRunHistory, clock: TurnedClock) -> None:
    recorder = await history.start_async("refresh", "manual", "ann")
    await recorder.expect_async(2)
    await recorder.part_async(RunPart("w1", RunOutcome.SUCCEEDED, {"labs_created": 3}, [{"id": "a"}], duration_ms=7))
    assert await history.get_async("refresh", recorder.run.run_id) == JobRun(
        recorder.run.run_id,
        "refresh",
        "manual",
        "ann",
        clock.now(),
        counts={"labs_created": 3},
        parts_total=2,
        parts_done=1,
    )


async def test_an_ended_run_adds_up_its_parts_and_keeps_them_in_order(
    history: MongoRunHistory, clock: TurnedClock
) -> None:
    recorder = await history.start_async("refresh", "schedule", "system")
    parts = [
        RunPart("w2", RunOutcome.SUCCEEDED, {"labs_created": 3, "labs_failed": 0}, [{"id": "a", "change": "created"}]),
        RunPart("w1", RunOutcome.FAILED, {"labs_created": 1}, error="unreachable", duration_ms=12),
    ]
    for part in parts:
        await recorder.part_async(part)
    clock.turn(5)
    ended = await history.end_async(recorder, RunOutcome.PARTIAL)
    assert ended == await history.get_async("refresh", ended.run_id)
    assert ended.counts == {"labs_created": 4, "labs_failed": 0}
    assert (ended.parts_done, ended.parts_failed, ended.ended_at) == (2, 1, clock.now())
    assert await history.parts_async(ended.run_id) == parts


async def test_parts_recorded_side_by_side_are_all_counted(history: MongoRunHistory) -> None:
    recorder = await history.start_async("refresh", "schedule", "system")
    await asyncio.gather(*(recorder.part_async(RunPart(f"w{n}", RunOutcome.SUCCEEDED, {"x": n})) for n in range(30)))
    run = await history.get_async("refresh", recorder.run.run_id)
    assert run is not None
    assert (run.parts_done, run.counts["x"]) == (30, sum(range(30)))
    assert len(await history.parts_async(run.run_id)) == 30


async def test_items_past_a_thousand_are_counted_and_left_out(history: MongoRunHistory) -> None:
    recorder = await history.start_async("refresh", "schedule", "system")
    await recorder.part_async(RunPart("w1", RunOutcome.SUCCEEDED, {}, [{"id": str(n)} for n in range(1_250)]))
    [part] = await history.parts_async(recorder.run.run_id)
    assert (len(part.items), part.counts) == (1_000, {"items_left_out": 250})


async def test_items_too_big_for_a_document_are_left_out_as_well(history: MongoRunHistory) -> None:
    recorder = await history.start_async("refresh", "schedule", "system")
    await recorder.part_async(RunPart("w1", RunOutcome.SUCCEEDED, {}, [{"notes": "n" * 1_000_000} for _ in range(20)]))
    [part] = await history.parts_async(recorder.run.run_id)
    assert len(part.items) + part.counts["items_left_out"] == 20
    assert len(part.items) == 3


async def test_runs_are_listed_newest_first_and_page_by_page(history: MongoRunHistory, clock: TurnedClock) -> None:
    started = []
    for _ in range(5):
        started.append((await history.start_async("refresh", "schedule", "system")).run.run_id)
        clock.turn(0.4)
    await history.start_async("other", "schedule", "system")
    first = await history.list_async("refresh", 2, None)
    rest = await history.list_async("refresh", 10, first[-1].run_id)
    assert [run.run_id for run in first + rest] == started[::-1]


async def test_a_run_is_found_only_under_its_own_job(history: MongoRunHistory) -> None:
    run_id = (await history.start_async("refresh", "schedule", "system")).run.run_id
    assert await history.get_async("other", run_id) is None
    assert await history.get_async("refresh", "nonsense") is None


async def test_a_run_of_a_dead_process_is_abandoned_and_its_late_writes_are_refused(history: MongoRunHistory) -> None:
    recorder = await history.start_async("refresh", "schedule", "system")
    assert await history.abandon_async("refresh") == 1
    run = await history.get_async("refresh", recorder.run.run_id)
    assert run is not None
    assert (run.outcome, run.error) == (RunOutcome.ABANDONED, "its process ended in the middle of the run")
    with pytest.raises(RunAlreadyEndedError):
        await recorder.part_async(RunPart("w1", RunOutcome.SUCCEEDED))
    with pytest.raises(RunAlreadyEndedError):
        await history.end_async(recorder, RunOutcome.SUCCEEDED)
    assert await history.get_async("refresh", recorder.run.run_id) == run
    assert await history.abandon_async("refresh") == 0


async def test_a_run_beside_the_job_lives_on_when_the_lease_changes_hands_but_not_for_ever(
    history: MongoRunHistory, clock: TurnedClock
) -> None:
    recorder = await history.start_async("refresh", "registration", "ann", beside_job=True)
    assert await history.abandon_async("refresh") == 0
    await recorder.part_async(RunPart("w1", RunOutcome.SUCCEEDED))
    assert (await history.recall_start_async("refresh")).seconds_since_start is None
    clock.turn(3 * 3600)
    assert await history.abandon_async("refresh") == 1


async def test_the_last_start_is_remembered_except_of_manual_and_abandoned_runs(history: MongoRunHistory) -> None:
    assert (await history.recall_start_async("refresh")).seconds_since_start is None
    await history.end_async(await history.start_async("refresh", "manual", "ann"), RunOutcome.SUCCEEDED)
    assert (await history.recall_start_async("refresh")).seconds_since_start is None
    await history.end_async(await history.start_async("refresh", "schedule", "system"), RunOutcome.FAILED, "no")
    await asyncio.sleep(0.05)
    memory = await history.recall_start_async("refresh")
    assert memory.seconds_since_start is not None
    assert 0.03 < memory.seconds_since_start < memory.seconds_since_known < 600
    await history.start_async("refresh", "schedule", "system")
    await history.abandon_async("refresh")
    assert (await history.recall_start_async("refresh")).seconds_since_start is None


async def test_waiting_for_progress_ends_with_it_with_the_run_or_with_the_time(history: MongoRunHistory) -> None:
    recorder = await history.start_async("refresh", "manual", "ann")
    seen = await history.get_async("refresh", recorder.run.run_id)
    assert seen is not None
    assert await history.wait_for_progress_async(seen, 0.1) == seen
    waiting = asyncio.create_task(history.wait_for_progress_async(seen, 60))
    await asyncio.sleep(0.05)
    await recorder.part_async(RunPart("w1", RunOutcome.SUCCEEDED))
    moved = await waiting
    assert moved is not None
    assert moved.parts_done == 1
    ended = await history.end_async(recorder, RunOutcome.SUCCEEDED)
    assert await history.wait_for_progress_async(ended, 10) == ended
    ended.run_id = "gone"
    assert await history.wait_for_progress_async(ended, 10) is None


async def test_records_expire_after_thirty_days(history: MongoRunHistory, driver: MongoDriver) -> None:
    await history.prepare_async()
    for name, field in (("job_runs", "started_at"), ("job_run_parts", "ended_at")):
        indexes = await driver.collection(name).index_information()
        assert indexes[f"{field}_1"]["expireAfterSeconds"] == 30 * 24 * 3600


async def test_a_dead_database_is_an_outage_and_no_absence(driver: MongoDriver, mongod_process: LocalMongod) -> None:
    other = await open_impatient_driver_async(driver.name, mongod_process.uri, "test")
    history = MongoRunHistory(other)
    recorder = await history.start_async("refresh", "schedule", "system")
    mongod_process.kill_nine()
    for call in (
        history.get_async("refresh", "x"),
        history.list_async("refresh", 1, None),
        history.recall_start_async("refresh"),
        history.start_async("refresh", "schedule", "system"),
        recorder.part_async(RunPart("w1", RunOutcome.SUCCEEDED)),
    ):
        with pytest.raises(UnavailableError):
            await call
    await other.close_async()


def test_ids_grow_also_when_the_clock_steps_back(driver_name: str) -> None:
    clock = TurnedClock()
    ids = TimeOrderedIds(clock, random_bits=lambda _bits: 0)
    made = []
    for step in (0, 0, -60, 0.001, 120):
        clock.turn(step)
        made.extend(ids.next() for _ in range(5_000))
    assert made == sorted(set(made))
    assert made[0][14] == "7"
