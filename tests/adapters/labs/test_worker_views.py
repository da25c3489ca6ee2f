"""Workers as people see them, on both drivers."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from application.kernel.paging import BadCursorError
from application.labs.sync_ledger import WorkerSync
from domain.labs.cml_worker import CmlWorker
from domain.labs.values import Reachability
from integration.mongo.driver import MongoDriver
from tests.adapters.labs.views import LabsStore, details

pytestmark = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest_asyncio.fixture
async def labs(driver: MongoDriver) -> AsyncIterator[LabsStore]:
    opened = await LabsStore.open_async(driver)
    yield opened
    await opened.close_async()


async def register_async(labs: LabsStore, name: str, **fields: object) -> CmlWorker:
    worker = CmlWorker.register(str(uuid.uuid4()), details(name=name, **fields), AT)
    await labs.workers.add_async(worker)
    await labs.caught_up_async()
    return worker


async def test_a_worker_is_seen_as_its_events_left_it(labs: LabsStore) -> None:
    worker = await register_async(labs, "one")
    assert await labs.worker_views.get_async("unknown") is None
    seen = await labs.worker_views.get_async(worker.state.id)
    assert seen is not None
    assert (seen.name, seen.reachability, seen.version, seen.last_synced_at) == ("one", "unknown", 1, None)
    worker.note_reachability(Reachability.UNREACHABLE, "no answer", AT)
    await labs.workers.update_async(worker)
    await labs.ledger.put_async(WorkerSync(worker.state.id).failed(AT, "no answer", timedelta(minutes=1)))
    await labs.caught_up_async()
    seen = await labs.worker_views.get_async(worker.state.id)
    assert seen is not None
    assert (seen.reachability, seen.reachability_reason, seen.version) == ("unreachable", "no answer", 2)
    assert (seen.stale_since, seen.last_error) == (AT, "no answer")


async def test_lists_are_by_name_paged_and_filtered(labs: LabsStore) -> None:
    for name in ("c", "a", "b", "a"):
        await register_async(labs, name)
    await register_async(labs, "elsewhere", region="other")
    idle = await register_async(labs, "idle", active=False)
    names: list[str] = []
    cursor = None
    while True:
        page = await labs.worker_views.list_async("r", None, 2, cursor)
        names += [view.name for view in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert names == ["a", "a", "b", "c", "idle"]
    assert [view.name for view in (await labs.worker_views.list_async("r", "inactive", 9, None)).items] == ["idle"]
    assert len((await labs.worker_views.list_async("r", "unknown", 9, None)).items) == 5
    idle.decommission(AT)
    await labs.workers.update_async(idle)
    await labs.caught_up_async()
    assert (await labs.worker_views.list_async("r", "inactive", 9, None)).items == []
    assert len((await labs.worker_views.list_async("r", "decommissioned", 9, None)).items) == 1
    assert idle.state.id not in await labs.worker_views.list_active_ids_async()
    assert len(await labs.worker_views.list_active_ids_async()) == 5
    with pytest.raises(BadCursorError):
        await labs.worker_views.list_async("r", None, 2, "nonsense")
