"""A whole refresh, from the controller's answers to the events in the log."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from application.kernel.request_context import RequestContext, acting_as
from application.labs.ports import ControllerError
from application.labs.refresh_rules import RefreshedTooRecentlyError, RefreshUnderWayError, refresh_lease_key
from domain.labs.errors import WorkerDecommissionedError
from domain.labs.values import Reachability
from integration.mongo.driver import MongoDriver
from tests.support.cml import CmlSimulator, a_lab
from tests.support.jobs import eventually
from tests.support.refreshing import WORKER, Refreshing, refreshing


@pytest_asyncio.fixture
async def process(driver: MongoDriver, cml: CmlSimulator) -> AsyncIterator[Refreshing]:
    async with refreshing(driver, cml.url) as process:
        yield process


def have(cml: CmlSimulator, *numbers: int, **fields: object) -> None:
    cml.set_labs([a_lab(number, **fields) for number in numbers])


def lab_id(number: int) -> str:
    return str(a_lab(number)["id"])


async def numbers(process: Refreshing) -> list[int]:
    return sorted(int(one.rpartition("-")[2]) for one in await process.present())


async def test_the_first_refresh_creates_every_lab(process: Refreshing) -> None:
    report = await process.run()
    assert (report.labs_created, report.labs_synced, report.labs_failed) == (3, 3, 0)
    assert await process.facts() == {
        "cml-worker-registered": 1,
        "lab-record-created": 3,
        "cml-worker-reachability-changed": 1,
    }
    sync = await process.ledger.get_async(WORKER)
    assert sync.last_synced_at == process.clock.now()
    assert sync.stale_since is None


async def test_an_unchanged_listing_records_nothing(process: Refreshing) -> None:
    await process.run()
    head = await process.store.head_async()
    for _ in range(3):
        report = await process.run()
        assert (report.labs_unchanged, report.labs_synced, report.changed_anything) == (3, 3, False)
    assert await process.store.head_async() == head
    sync = await process.ledger.get_async(WORKER)
    assert sync.last_synced_at == process.clock.now()


async def test_changes_are_recorded_field_by_field(process: Refreshing, cml: CmlSimulator) -> None:
    await process.run()
    cml.set_labs([a_lab(1, lab_title="New", state="STOPPED"), a_lab(2), a_lab(3, node_count=9)])
    report = await process.run()
    assert (report.labs_updated, report.labs_unchanged) == (2, 1)
    changes = {change.lab_id: change.changed_fields for change in report.changes}
    assert changes == {
        lab_id(1): {"title": {"old": "BGP basics 1", "new": "New"}, "state": {"old": "STARTED", "new": "STOPPED"}},
        lab_id(3): {"node_count": {"old": 6, "new": 9}},
    }
    facts = await process.facts()
    assert (facts["lab-record-updated"], facts["lab-state-changed"]) == (2, 1)
    (commit,) = await process.store._settled.find({"s": f"lab-record-{WORKER}.{lab_id(1)}", "f": 2}).to_list(None)
    assert len(commit["e"]) == 2, "what changed together stands in one commit"


async def test_labs_are_removed_and_come_back(process: Refreshing, cml: CmlSimulator) -> None:
    await process.run()
    have(cml, 1, 2)
    assert (await process.run()).labs_removed == 1
    assert await numbers(process) == [1, 2]
    assert (await process.run()).labs_removed == 0
    cml.set_labs([a_lab(1), a_lab(2), a_lab(3, lab_title="Back")])
    report = await process.run()
    assert (report.labs_restored, report.labs_created) == (1, 0)
    assert await numbers(process) == [1, 2, 3]
    facts = await process.facts()
    assert (facts["lab-record-removed"], facts["lab-record-restored"], facts["lab-record-created"]) == (1, 1, 3)


async def test_a_listing_that_drops_most_is_held_until_the_next_says_the_same(
    process: Refreshing, cml: CmlSimulator, driver: MongoDriver
) -> None:
    have(cml, *range(1, 11))
    await process.run()
    have(cml, 1, 2)
    report = await process.run()
    assert (report.held, report.labs_held, report.labs_removed) == (True, 8, 0)
    assert await numbers(process) == list(range(1, 11))
    async with refreshing(driver, cml.url, process.clock) as restarted:
        report = await restarted.run()
        assert (report.held, report.labs_removed) == (False, 8)
        assert await numbers(restarted) == [1, 2]
    facts = await process.facts()
    assert (facts["cml-worker-listing-held"], facts["cml-worker-held-listing-settled"]) == (1, 1)
    assert facts["lab-record-removed"] == 8
    assert not (await process.worker()).state.held_lab_ids


async def test_a_held_listing_that_is_contradicted_removes_nothing(process: Refreshing, cml: CmlSimulator) -> None:
    have(cml, *range(1, 11))
    await process.run()
    have(cml, 1, 2)
    assert (await process.run()).held
    have(cml, *range(1, 11))
    report = await process.run()
    assert (report.held, report.labs_removed, report.labs_unchanged) == (False, 0, 10)
    have(cml, 1, 2)
    assert (await process.run()).held, "the first time counts no more"
    assert await numbers(process) == list(range(1, 11))


async def test_a_worker_that_was_loaded_before_the_lease_is_not_believed(
    process: Refreshing, cml: CmlSimulator
) -> None:
    """It still says that a listing is held; meanwhile another refresh saw all labs again."""
    have(cml, *range(1, 11))
    await process.run()
    have(cml, 1, 2)
    await process.run()
    stale = await process.worker()
    assert stale.state.held_lab_ids
    have(cml, *range(1, 11))
    await process.run()
    have(cml, 1, 2)
    report = await process.refresh.refresh_async(stale, await process.ledger.get_async(WORKER))
    assert report.held
    assert await numbers(process) == list(range(1, 11))


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 500, "path": "*"},
        {"kind": "html", "path": "/populate_lab_tiles"},
        {"kind": "truncated_json", "path": "/populate_lab_tiles"},
        {"kind": "wrong_json", "path": "/populate_lab_tiles"},
        {"kind": "drop_connection", "path": "/populate_lab_tiles"},
        {"kind": "not_ready"},
    ],
    ids=lambda fault: fault["kind"],
)
async def test_a_failed_listing_removes_nothing_and_says_so(
    process: Refreshing, cml: CmlSimulator, fault: dict[str, object]
) -> None:
    await process.run()
    synced_at = process.clock.now()
    have(cml, 1)
    cml.set_faults(fault)
    with pytest.raises(ControllerError) as caught:
        await process.run()
    assert cml.url in str(caught.value)
    assert await numbers(process) == [1, 2, 3]
    sync = await process.ledger.get_async(WORKER)
    assert (sync.last_synced_at, sync.stale_since) == (synced_at, process.clock.now())
    assert sync.error == str(caught.value)
    cml.set_faults()
    assert (await process.run()).labs_removed == 2
    assert (await process.ledger.get_async(WORKER)).stale_since is None


async def test_a_listing_with_a_bad_lab_removes_nothing_and_the_others_go_on(
    process: Refreshing, cml: CmlSimulator
) -> None:
    await process.run()
    cml.set_labs([a_lab(1, node_count="many"), a_lab(2, lab_title="Changed"), a_lab(4)])
    report = await process.run()
    assert (report.labs_failed, report.labs_updated, report.labs_created, report.labs_removed) == (1, 1, 1, 0)
    assert [failure.lab_id for failure in report.failures] == [lab_id(1)]
    assert report.labs_synced == 2
    assert await numbers(process) == [1, 2, 3, 4]
    sync = await process.ledger.get_async(WORKER)
    assert sync.last_synced_of(lab_id(2)) == process.clock.now()
    assert sync.last_synced_of(lab_id(1)) != process.clock.now()
    cml.set_labs([a_lab(1), a_lab(2, lab_title="Changed"), a_lab(4)])
    assert (await process.run()).labs_removed == 1


async def test_an_empty_listing_after_a_full_one_is_not_believed_at_once(
    process: Refreshing, cml: CmlSimulator
) -> None:
    have(cml, *range(1, 21))
    await process.run()
    cml.set_faults({"kind": "empty_listing"})
    report = await process.run()
    assert (report.held, report.labs_removed) == (True, 0)
    cml.set_faults()
    report = await process.run()
    assert (report.held, report.labs_removed, report.labs_unchanged) == (False, 0, 20)


async def test_a_quiet_worker_is_asked_less_often_up_to_four_times(process: Refreshing, cml: CmlSimulator) -> None:
    stretches = []
    for _ in range(5):
        await process.run()
        stretches.append((await process.ledger.get_async(WORKER)).stretch)
    assert stretches == [1, 2, 4, 4, 4]
    sync = await process.ledger.get_async(WORKER)
    assert sync.next_due_at is not None
    assert (sync.next_due_at - process.clock.now()).total_seconds() == 4 * 1800
    have(cml, 1, 2)
    await process.run()
    assert (await process.ledger.get_async(WORKER)).stretch == 1
    await process.run()
    cml.set_faults({"kind": "status", "status": 500})
    with pytest.raises(ControllerError):
        await process.run()
    assert (await process.ledger.get_async(WORKER)).stretch == 1


async def test_a_worker_decommissioned_during_a_refresh_is_left_alone(process: Refreshing, cml: CmlSimulator) -> None:
    await process.run()
    loaded = await process.worker()
    cml.set_faults({"kind": "latency", "seconds": 1.5, "path": "/populate_lab_tiles"})
    cml.set_labs([a_lab(1, lab_title="Changed"), a_lab(2), a_lab(3)])
    cml.calls(forget=True)
    running = asyncio.create_task(process.run())
    await eventually(lambda: "GET /populate_lab_tiles" in cml.calls())
    gone = await process.worker()
    gone.decommission(process.clock.now())
    await process.workers.update_async(gone)
    await running
    state = (await process.worker()).state
    assert state.decommissioned
    with pytest.raises(WorkerDecommissionedError):
        await process.refresh.refresh_async(loaded, await process.ledger.get_async(WORKER))
    assert await process.leases.holder_async(refresh_lease_key(WORKER)) is None


async def test_a_forced_refresh_takes_a_pause_of_ten_seconds(process: Refreshing, cml: CmlSimulator) -> None:
    await process.run(forced=True)
    for passed, left in ((4.0, 6.0), (5.9, 0.1)):
        process.clock.move(passed)
        with pytest.raises(RefreshedTooRecentlyError) as caught:
            await process.refresh.refresh_async(
                await process.worker(), await process.ledger.get_async(WORKER), forced=True
            )
        assert caught.value.retry_after_seconds == pytest.approx(left)
    await process.refresh.refresh_async(await process.worker(), await process.ledger.get_async(WORKER))
    process.clock.move(0.1)
    cml.set_faults({"kind": "status", "status": 500})
    with pytest.raises(ControllerError):
        await process.refresh.refresh_async(await process.worker(), await process.ledger.get_async(WORKER), forced=True)
    cml.set_faults()
    await process.refresh.refresh_async(await process.worker(), await process.ledger.get_async(WORKER), forced=True)


async def test_a_dry_run_tells_the_differences_and_writes_nothing(process: Refreshing, cml: CmlSimulator) -> None:
    await process.run()
    before = (await process.store.head_async(), await process.ledger.get_async(WORKER))
    cml.set_labs([a_lab(1, lab_title="New"), a_lab(2), a_lab(4)])
    report = await process.run(forced=True, dry_run=True)
    assert report.dry_run
    assert {change.lab_id: change.change for change in report.changes} == {
        lab_id(1): "updated",
        lab_id(3): "removed",
        lab_id(4): "created",
    }
    assert (await process.store.head_async(), await process.ledger.get_async(WORKER)) == before
    cml.set_faults({"kind": "status", "status": 500})
    with pytest.raises(ControllerError):
        await process.run(forced=True, dry_run=True)
    assert (await process.store.head_async(), await process.ledger.get_async(WORKER)) == before
    cml.set_faults()
    real = await process.run()
    assert (real.labs_updated, real.labs_created, real.labs_removed) == (1, 1, 1)


async def test_reachability_changes_once_per_change(process: Refreshing, cml: CmlSimulator) -> None:
    await process.run()
    cml.set_faults({"kind": "drop_connection"})
    for _ in range(3):
        with pytest.raises(ControllerError):
            await process.run()
    state = (await process.worker()).state
    assert state.reachability is Reachability.UNREACHABLE
    assert cml.url in state.reachability_reason
    cml.set_faults()
    await process.run()
    await process.run()
    assert (await process.worker()).state.reachability is Reachability.REACHABLE
    assert (await process.facts())["cml-worker-reachability-changed"] == 3


async def test_two_processes_never_refresh_one_worker_at_once(
    process: Refreshing, cml: CmlSimulator, driver: MongoDriver
) -> None:
    cml.set_faults({"kind": "latency", "seconds": 1.5, "times": 1})
    async with refreshing(driver, cml.url) as other:
        results = await asyncio.gather(process.run(), other.run(), return_exceptions=True)
    assert sum(isinstance(result, RefreshUnderWayError) for result in results) == 1
    assert (await process.facts())["lab-record-created"] == 3


async def test_what_another_process_refreshed_is_not_taken_as_known(
    process: Refreshing, cml: CmlSimulator, driver: MongoDriver
) -> None:
    await process.run()
    cml.set_labs([a_lab(1, lab_title="B"), a_lab(2), a_lab(4)])
    async with refreshing(driver, cml.url, process.clock) as other:
        await other.run()
    cml.set_labs([a_lab(1), a_lab(2), a_lab(3)])
    report = await process.run()
    assert (report.labs_updated, report.labs_restored, report.labs_removed, report.labs_unchanged) == (1, 1, 1, 1)
    assert await numbers(process) == [1, 2, 3]


async def test_a_request_repeated_after_a_crash_stores_what_is_new_since(
    process: Refreshing, cml: CmlSimulator
) -> None:
    with acting_as(RequestContext(command_id="key", repeatable=True)):
        await process.run()
    cml.set_labs([a_lab(1, lab_title="Newer"), a_lab(2), a_lab(3), a_lab(4)])
    with acting_as(RequestContext(command_id="key", repeatable=True)) as request:
        report = await process.run()
    assert (report.labs_updated, report.labs_created) == (1, 1)
    assert request.positions["labs"] == await process.store.head_async()
    assert (await process.present())[lab_id(1)].state.title == "Newer"
