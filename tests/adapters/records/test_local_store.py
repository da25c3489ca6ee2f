"""Our own store beyond the contract: ids, histories, the read model and its rebuild, and another process."""

import asyncio
from typing import Any

import pytest

from application.kernel.request_context import RequestContext, acting_as
from domain.records.conditions import Condition, RecordFilter
from domain.records.errors import RecordChangedError
from domain.records.values import MAX_ID, NO_SCOPE, LabsRecord, RecordItem, RecordOrigin
from integration.mongo.driver import MongoDriver
from integration.records.record_ids import LARGEST_LEAP, RecordIds
from tests.support.hosts import end_process, start_process
from tests.support.records import ASHA, BEN, OTHER, OWN, SHARED, LocalStore, change, ids_of, local_store, new
from tests.support.tallies import HandClock, holes, version_faults


async def documents(store: LocalStore) -> list[dict[str, Any]]:
    assert store.reader is not None
    collection = await store.reader._collection_async(await log_of(store).store.head_async())
    return await collection.find({}).sort("_id", 1).to_list(None)


def log_of(store: LocalStore) -> Any:
    assert store.log is not None
    return store.log


def histories_of(store: LocalStore) -> Any:
    assert store.histories is not None
    return store.histories


async def test_ids_are_given_once_whoever_asks(driver: MongoDriver) -> None:
    clock = HandClock()
    counters = [RecordIds(driver, clock) for _ in range(4)]
    await asyncio.gather(*(one.prepare_async() for one in counters))
    given = await asyncio.gather(*(counters[n % 4].next_async(3) for n in range(40)))
    assert sorted(one for ids in given for one in ids) == list(range(1, 121))
    assert all(ids == list(range(ids[0], ids[0] + 3)) for ids in given)
    assert await counters[0].next_async(0) == []


async def test_a_repeated_command_is_given_the_same_ids(driver: MongoDriver) -> None:
    ids = RecordIds(driver, HandClock())
    await ids.prepare_async()
    first = await ids.next_async(2, "command")
    assert await ids.next_async(1) == [3]
    assert await ids.next_async(2, "command") == first == [1, 2]


async def test_a_chosen_id_is_skipped_unless_it_is_far_off(driver: MongoDriver) -> None:
    ids = RecordIds(driver, HandClock())
    await ids.prepare_async()
    await ids.skip_async(500)
    await ids.skip_async(20)
    assert await ids.next_async(1) == [501]
    for far in (501 + LARGEST_LEAP + 1, MAX_ID):
        await ids.skip_async(far)
    assert await ids.next_async(1) == [502]


async def test_an_id_that_somebody_took_is_not_given_again(local: LocalStore, driver: MongoDriver) -> None:
    last = await local.records.add_async(ASHA, RecordItem(MAX_ID, dict(new().fields)))
    assert last.id == MAX_ID
    await local.records.add_async(ASHA, RecordItem(LARGEST_LEAP + 1_000, dict(new(data="chosen").fields)))
    await driver.collection("record_ids").update_one({"_id": "labs-record"}, {"$set": {"last": LARGEST_LEAP + 998}})
    written = await local.records.write_async(ASHA, [new(data=1), new(data=2), new(data=3)])
    assert len({*ids_of(written), LARGEST_LEAP + 1_000, MAX_ID}) == 5
    found = (await local.records.find_async(ASHA, OWN)).records
    assert sorted(str(one.data) for one in found if one.id != MAX_ID) == ["1", "2", "3", "chosen"]


async def test_a_repeated_insert_makes_one_record(local: LocalStore) -> None:
    answers = []
    for _ in range(3):
        with acting_as(RequestContext(actor=ASHA, command_id="the-same", repeatable=True)):
            answers.append(await local.records.write_async(ASHA, [new(data=1), new(data=2)]))
    assert answers[0] == answers[1] == answers[2]
    assert list((await local.records.find_async(ASHA, OWN)).records) == answers[0]


async def test_a_batch_that_meets_a_conflict_leaves_nothing_behind(local: LocalStore, driver: MongoDriver) -> None:
    records = await local.records.write_async(ASHA, [new(data=0) for _ in range(5)])
    log = log_of(local)
    histories = await log.load_async(ids_of(records))
    await local.records.update_async(ASHA, change(records[4].id, data="theirs"))
    before = await log.store.head_async()
    for history in histories.values():
        history.change({"data": "mine"}, log.clock.now())
    with pytest.raises(Exception, match="version"):
        await log.store_async(list(histories.values()))
    assert await log.store.head_async() == before
    with pytest.raises(RecordChangedError):
        await local.records.write_async(
            ASHA, [*(change(one.id, data="mine") for one in records[:4]), change(records[4].id, records[4], data=1)]
        )
    assert await log.store.head_async() == before
    found = (await local.records.find_async(ASHA, OWN)).records
    assert [one.data for one in found] == [0, 0, 0, 0, "theirs"]


async def test_a_history_tells_who_did_what(local: LocalStore) -> None:
    with acting_as(RequestContext(actor=ASHA)):
        record = await local.records.add_async(ASHA, new(SHARED, data={"status": "open"}))
    with acting_as(RequestContext(actor=BEN)):
        await local.records.update_async(
            BEN, change(record.id, data={"status": "closed"}, type="Other"), action="tasks.closed"
        )
    await log_of(local).take_over_async(
        [LabsRecord(id=record.id, experiment="tasks", type="Other", data={"status": "x"}, opportunity_id=815)],
        origin=RecordOrigin.REMOTE,
    )
    entries = await histories_of(local).entries_async(ASHA, record.id, limit=10)
    assert [(one.version, one.by, one.action, one.origin, one.changed) for one in entries] == [
        (3, "system", "", RecordOrigin.REMOTE, ("data.status",)),
        (2, BEN, "tasks.closed", RecordOrigin.HERE, ("type", "data.status")),
        (1, ASHA, "", RecordOrigin.HERE, ()),
    ]
    assert await histories_of(local).entries_async("stranger", record.id, limit=10) is None
    assert await histories_of(local).entries_async(ASHA, 99_999, limit=10) is None
    assert await histories_of(local).at_version_async(ASHA, record.id, 1) == record
    assert (await histories_of(local).at_version_async(BEN, record.id, 2)).data == {"status": "closed"}
    assert await histories_of(local).version_async(ASHA, record.id) == 3
    for version in (0, -1, 4, 2**70):
        assert await histories_of(local).at_version_async(ASHA, record.id, version) is None
    assert await histories_of(local).at_version_async("stranger", record.id, 1) is None


async def test_what_was_thought_to_be_new_and_is_not_is_looked_up(local: LocalStore) -> None:
    record = await local.records.add_async(ASHA, new(data="mine"))
    theirs = LabsRecord(id=record.id, experiment="tasks", type="Task", data="theirs", opportunity_id=814)
    await log_of(local).take_over_async([theirs], origin=RecordOrigin.REMOTE, known={})
    assert (await local.records.get_async(ASHA, record.id)).data == "theirs"
    assert await histories_of(local).version_async(ASHA, record.id) == 2


async def test_a_long_history_is_read_in_pages(local: LocalStore) -> None:
    record = await local.records.add_async(ASHA, new(data=1))
    for number in range(2, 131):
        await local.records.update_async(ASHA, change(record.id, data=number))
    versions: list[int] = []
    before = None
    while page := await histories_of(local).entries_async(ASHA, record.id, limit=50, before=before):
        versions += [one.version for one in page]
        before = versions[-1]
    assert versions == list(range(130, 0, -1))
    for version in (1, 20, 21, 100, 129, 130):
        assert (await histories_of(local).at_version_async(ASHA, record.id, version)).data == version


async def test_who_gets_an_id_again_does_not_get_its_past(local: LocalStore) -> None:
    secret = await local.records.add_async(ASHA, new(OWN, data="secret"))
    await local.records.remove_async(ASHA, [secret.id])
    assert await histories_of(local).entries_async(BEN, secret.id, limit=10) is None
    again = await local.records.update_async(BEN, RecordItem(secret.id, dict(new(OTHER, data="ben's").fields)))
    assert again.id == secret.id
    entries = await histories_of(local).entries_async(BEN, secret.id, limit=10)
    assert [one.version for one in entries] == [3]
    assert await histories_of(local).at_version_async(BEN, secret.id, 1) is None
    assert await histories_of(local).at_version_async(ASHA, secret.id, 3) is None


async def test_the_history_of_a_removed_record_stays_with_who_saw_it(local: LocalStore) -> None:
    draft = await local.records.add_async(ASHA, new(OWN, data="draft"))
    await local.records.update_async(ASHA, change(draft.id, data="public", public=True))
    for number in range(45):
        await local.records.update_async(ASHA, change(draft.id, data=number))
    await local.records.remove_async(ASHA, [draft.id])
    other = await local.records.add_async(ASHA, new(OWN, data="secret"))
    await local.records.remove_async(ASHA, [other.id])
    histories = histories_of(local)

    async def versions(username: str, record_id: int) -> list[int] | None:
        entries = await histories.entries_async(username, record_id, limit=100)
        return None if entries is None else [one.version for one in entries]

    assert await local.records.get_async(ASHA, draft.id) is None
    assert await versions(ASHA, draft.id) == list(range(48, 0, -1))
    assert await versions(BEN, draft.id) == list(range(48, 1, -1)), "it was public from the second version on"
    assert await histories.at_version_async(BEN, draft.id, 1) is None
    assert (await histories.at_version_async(ASHA, draft.id, 1)) == draft
    assert (await histories.at_version_async(BEN, draft.id, 47)).data == 44
    assert await histories.at_version_async(ASHA, draft.id, 48) is None
    assert await histories.version_async(ASHA, draft.id) == 48
    assert await versions(ASHA, other.id) == [2, 1]
    assert await versions(BEN, other.id) is None
    assert await histories.version_async(BEN, other.id) is None
    assert await histories.at_version_async(BEN, other.id, 1) is None


async def test_what_was_before_a_record_became_public_stays_with_its_own(local: LocalStore) -> None:
    record = await local.records.add_async(ASHA, new(OWN, data="draft"))
    for values in ({"data": "ready"}, {"public": True}, {"data": "asked for more"}):
        await local.records.update_async(ASHA, change(record.id, **values))

    async def versions(username: str) -> list[int] | None:
        entries = await histories_of(local).entries_async(username, record.id, limit=10)
        return None if entries is None else [one.version for one in entries]

    assert await versions(BEN) == [4, 3]
    assert await histories_of(local).at_version_async(BEN, record.id, 2) is None
    assert (await histories_of(local).at_version_async(BEN, record.id, 3)).data == "ready"
    assert await histories_of(local).entries_async(BEN, record.id, limit=10, before=3) == []
    assert await versions(ASHA) == [4, 3, 2, 1]
    assert (await histories_of(local).at_version_async(ASHA, record.id, 1)).data == "draft"
    await local.records.update_async(ASHA, change(record.id, public=False))
    assert await versions(BEN) is None
    await local.records.update_async(ASHA, change(record.id, public=True))
    assert await versions(BEN) == [6]


async def test_a_rebuild_gives_the_same_documents(local: LocalStore) -> None:
    records = await local.records.write_async(ASHA, [new(data={"n": n, "a.b": [n]}) for n in range(20)])
    await local.records.write_async(ASHA, [change(one.id, data={"m": one.id}, public=True) for one in records[:10]])
    await local.records.remove_async(ASHA, ids_of(records[5:8]))
    before = await documents(local)
    assert [one["_id"] for one in before] == [*ids_of(records[:5]), *ids_of(records[8:])]
    assert local.host is not None
    await local.host.rebuild_async("labs_records")
    assert await documents(local) == before
    assert len((await local.records.find_async(BEN, NO_SCOPE)).records) == 7


async def test_a_filter_goes_through_an_index_whatever_else_there_is(local: LocalStore, driver: MongoDriver) -> None:
    rows = [new(data={"status": "open" if n % 100 == 0 else "closed", "n": n}) for n in range(1_000)]
    await local.records.write_async(ASHA, rows)
    await local.records.write_async(BEN, [new(OTHER, data={"status": "open", "n": n}) for n in range(200)])
    assert await documents(local)
    current = await local.host.watch.current_async("labs_records") if local.host else None
    assert current is not None
    await driver.command_async({"profile": 2})
    wanted = RecordFilter((Condition("type", "Task"), Condition("data", "open", path=("status",))))
    found = (await local.records.find_async(ASHA, OWN, wanted)).records
    await driver.command_async({"profile": 0})
    assert [one.data["n"] for one in found] == list(range(0, 1_000, 100))
    filters = {"op": "query", "ns": {"$regex": current.collection + "$"}}
    [query] = await driver.collection("system.profile").find(filters).to_list(None)
    assert (query["docsExamined"], query["nreturned"]) == (10, 10)
    assert not query.get("hasSortStage", False)


async def test_a_big_family_goes_innermost_first(local: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integration.records.record_removal.TOGETHER", 20)
    root = await local.records.add_async(ASHA, new())
    children = await local.records.write_async(ASHA, [new(labs_record_id=root.id) for _ in range(30)])
    await local.records.write_async(ASHA, [new(labs_record_id=child.id) for child in children])
    await local.records.remove_async(ASHA, [root.id])
    assert (await local.records.find_async(ASHA, OWN)).records == ()
    facts, _ = await log_of(local).store.read_log_async(0, 10_000)
    gone = [fact.event for fact in facts if fact.event.event_type == "records.labs-record-removed.v1"]
    assert len(gone) == 61
    assert gone[-1].because_of is None or len({one.aggregate_id for one in gone}) == 61


async def test_records_that_are_their_own_ancestors_can_be_removed(local: LocalStore) -> None:
    one, two = await local.records.write_async(ASHA, [new(), new()])
    await local.records.update_async(ASHA, change(two.id, labs_record_id=one.id))
    # As by another process at the same moment: neither change is refused, and together they close a ring.
    histories = await log_of(local).load_async([one.id])
    histories[one.id].change({"labs_record_id": two.id}, log_of(local).clock.now())
    await log_of(local).store_async(list(histories.values()))
    await local.records.remove_async(ASHA, [one.id])
    assert (await local.records.find_async(ASHA, OWN)).records == ()


@pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)
async def test_processes_that_write_the_same_records_lose_nothing(
    driver: MongoDriver, mongo_uri: str, database_name: str
) -> None:
    async with local_store(driver) as store:
        records = await store.records.write_async(ASHA, [new(data={"n": 0}) for _ in range(4)])
        writers = [
            start_process("tests.support.records_process", mongo_uri, database_name, name, "15") for name in "AB"
        ]
        try:
            told = [(await asyncio.to_thread(one.communicate))[0] for one in writers]
        finally:
            for one in writers:
                end_process(one)
        assert [line.split()[0] for line in told] == ["wrote", "wrote"], told
        found = {one.id: one for one in await everything(store)}
        commits = await driver.collection("records_commits").find({}).sort("_id", 1).to_list(None)
    print(f"{told} commits={len(commits)}")
    assert sum(found[one.id].data["n"] for one in records) == 4 * 30, "each round adds one to all four, or to none"
    assert {found[one.id].data["n"] for one in records} == {30}
    inserted = [one for one in found.values() if isinstance(one.data, str)]
    assert sorted(one.data for one in inserted) == sorted(f"{name}{n}" for name in "AB" for n in range(15))
    assert holes(commits) == version_faults(commits) == 0


async def everything(store: LocalStore) -> list[LabsRecord]:
    await documents(store)
    return list((await store.records.find_async(ASHA, OWN)).records)
