"""What every store of records promises about writing."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from domain.records.errors import (
    InvalidRecordError,
    RecordChangedError,
    RecordNotFoundError,
    ScopeNotFoundError,
    WrongScopeError,
)
from domain.records.values import NO_SCOPE, LabsRecord, RecordItem, RecordScope
from tests.support.records import (
    ASHA,
    BEN,
    NOBODY,
    ORGANIZATION,
    OTHER,
    OWN,
    PROGRAM,
    SHARED,
    RecordStore,
    change,
    ids_of,
    new,
)

WITH_BOTH = RecordScope(opportunity_id=814, program_id=12)


async def everything(store: RecordStore, user: str = ASHA, scope: RecordScope = OWN) -> list[LabsRecord]:
    return list((await store.records.find_async(user, scope)).records)


async def test_a_new_record_gets_an_id_and_defaults(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new(username=BEN, data={"a": 1}))
    assert added.id >= 1
    assert added == LabsRecord(
        id=added.id, experiment="tasks", type="Task", data={"a": 1}, username=BEN, opportunity_id=814
    )
    assert await store.records.get_async(ASHA, added.id) == added
    assert await everything(store) == [added]


async def test_a_batch_is_answered_in_its_order_with_rising_ids(store: RecordStore) -> None:
    written = await store.records.write_async(ASHA, [new(data={"n": n}) for n in range(5)])
    assert [one.data["n"] for one in written] == [0, 1, 2, 3, 4]
    assert ids_of(written) == sorted(set(ids_of(written)))
    mixed = await store.records.write_async(
        ASHA, [new(data={"n": 5}), change(written[3].id, data={"n": "three"}), new(data={"n": 6})]
    )
    assert [one.data["n"] for one in mixed] == [5, "three", 6]
    assert mixed[1].id == written[3].id
    assert [one.data["n"] for one in await everything(store)] == [0, 1, 2, "three", 4, 5, 6]


async def test_an_empty_batch_is_nothing(store: RecordStore) -> None:
    assert await store.records.write_async(ASHA, []) == []


async def test_an_update_changes_only_what_is_given(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new(WITH_BOTH, username=BEN, public=True, data={"a": 1, "b": 2}))
    updated = await store.records.update_async(ASHA, change(added.id, data={"c": 3}))
    assert updated == replace(added, data={"c": 3}), "data is replaced as a whole, the rest stays"
    again = await store.records.update_async(ASHA, change(added.id, experiment="x", type="y", public=False))
    assert again == replace(updated, experiment="x", type="y", public=False)
    assert await store.records.get_async(ASHA, added.id) == again


async def test_what_happened_to_a_task_is_only_appended_to(store: RecordStore) -> None:
    told = [{"event_type": "created", "timestamp": "2026-03-01T12:00:00Z"}, {"event_type": "comment"}]
    task = await store.records.add_async(ASHA, new(data={"title": "a", "events": told}))
    shorter: list[Any] = [{"title": "b"}, {"events": told[:1]}, {"events": []}, {"events": None}, "gone", []]
    rewritten: list[Any] = [{"events": [{**told[0], "actor": "x"}, told[1]]}, {"events": told[::-1]}]
    for data in [*shorter, *rewritten, {"events": "gone"}]:
        with pytest.raises(InvalidRecordError, match="may only be appended to") as refused:
            await store.records.write_async(ASHA, [new(), change(task.id, data=data)])
        assert (refused.value.index, refused.value.field) == (1, "data.events")
    for fields in ({"type": "note", "data": {}}, {"experiment": "notes"}):
        with pytest.raises(InvalidRecordError, match="stays a task"):
            await store.records.update_async(ASHA, change(task.id, **fields))
    assert await everything(store) == [task]
    longer = {"title": "b", "events": [*told, {"event_type": "comment"}]}
    assert (await store.records.update_async(ASHA, change(task.id, data=longer))).data == longer


async def test_nobody_as_username_leaves_the_person(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new(username=BEN))
    updated = await store.records.update_async(ASHA, change(added.id, username=None))
    assert updated.username == BEN


async def test_a_record_may_be_sent_back_as_it_was_read(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new(WITH_BOTH, username=BEN, data={"z": 1, "a": [1, {"b": None}]}))
    names = ("experiment", "type", "data", "username", "opportunity_id", "organization_id", "program_id")
    fields = {name: added.value_of(name) for name in (*names, "labs_record_id", "public")}
    assert await store.records.update_async(ASHA, RecordItem(added.id, fields, added)) == added


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"data": None}, "data"),
    ({"data": {"x": float("nan")}}, "data"),
    ({"data": {"x": float("inf")}}, "data"),
    ({"data": {"x": "\ud800"}}, "data"),
    ({"data": {1: "x"}}, "data"),
    ({"data": "x" * (4 * 1024 * 1024)}, "data"),
    ({"experiment": ""}, "experiment"),
    ({"experiment": None}, "experiment"),
    ({"type": "t" * 256}, "type"),
    ({"type": 5}, "type"),
    ({"public": None}, "public"),
    ({"public": "true"}, "public"),
    ({"labs_record_id": 0}, "labs_record_id"),
    ({"labs_record_id": "4"}, "labs_record_id"),
    ({"opportunity_id": True}, "opportunity_id"),
    ({"opportunity_id": 2**63}, "opportunity_id"),
    ({"username": NOBODY}, "username"),
    ({"unknown": 1}, "unknown"),
    ({"id": 4}, "id"),
    ({"$set": {}}, "$set"),
]


async def test_an_item_that_breaks_a_rule_is_named_and_nothing_is_stored(store: RecordStore) -> None:
    for fields, field in BROKEN:
        with pytest.raises(InvalidRecordError) as refused:
            await store.records.write_async(ASHA, [new(), new(), new(**fields), new()])
        assert (refused.value.index, refused.value.field) == (2, field)
    assert await everything(store) == []


async def test_data_nested_too_deep_is_refused(store: RecordStore) -> None:
    data: Any = "x"
    for _ in range(64):
        data = [data]
    assert (await store.records.add_async(ASHA, new(data=data))).data == data
    with pytest.raises(InvalidRecordError, match="deep"):
        await store.records.add_async(ASHA, new(data=[data]))


@pytest.mark.parametrize("missing", ["experiment", "type", "data"])
async def test_a_new_record_needs_its_kind_and_data(store: RecordStore, missing: str) -> None:
    fields = {name: value for name, value in new().fields.items() if name != missing}
    with pytest.raises(InvalidRecordError) as refused:
        await store.records.write_async(ASHA, [new(), RecordItem(fields=fields)])
    assert (refused.value.index, refused.value.field) == (1, missing)
    assert await everything(store) == []


async def test_an_id_twice_in_a_batch_is_refused(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new())
    with pytest.raises(InvalidRecordError) as refused:
        await store.records.write_async(ASHA, [change(added.id, data=1), change(added.id, data=2)])
    assert (refused.value.index, refused.value.field) == (1, "id")
    assert await everything(store) == [added]


@pytest.mark.parametrize("scope", [OTHER, RecordScope(program_id=22), RecordScope(organization_id=2)])
async def test_nothing_is_written_into_a_foreign_scope(store: RecordStore, scope: RecordScope) -> None:
    with pytest.raises(ScopeNotFoundError) as refused:
        await store.records.write_async(ASHA, [new(), new(scope)])
    assert refused.value.index == 1
    unknown = replace(scope, **{f"{kind.value}_id": 999_999 for kind, _ in scope.parts})
    with pytest.raises(ScopeNotFoundError):
        await store.records.write_async(ASHA, [new(unknown)])
    assert await everything(store) == []
    assert await everything(store, BEN, scope) == []


async def test_every_scope_of_an_item_must_be_theirs(store: RecordStore) -> None:
    with pytest.raises(ScopeNotFoundError) as refused:
        await store.records.add_async(ASHA, new(RecordScope(opportunity_id=814, program_id=22)))
    assert (refused.value.kind, refused.value.number) == ("program", 22)
    assert await everything(store) == []


async def test_a_foreign_record_is_not_there_to_be_changed(store: RecordStore) -> None:
    theirs = await store.records.add_async(BEN, new(OTHER, public=True))
    hidden = await store.records.add_async(BEN, new(OTHER))
    for record in (theirs, hidden):
        with pytest.raises(RecordNotFoundError) as refused:
            await store.records.write_async(ASHA, [new(), change(record.id, data="mine")])
        assert (refused.value.index, refused.value.record_id) == (1, record.id)
        with pytest.raises(RecordNotFoundError):
            await store.records.remove_async(ASHA, [record.id])
    assert await everything(store, BEN, OTHER) == [theirs, hidden]
    assert await everything(store) == []


async def test_a_mistaken_id_does_not_move_a_foreign_record(store: RecordStore) -> None:
    theirs = await store.records.add_async(BEN, new(OTHER))
    with pytest.raises((RecordNotFoundError, WrongScopeError)):
        await store.records.write_async(ASHA, [new(), RecordItem(theirs.id, {**new(OWN).fields, "data": "mine"})])
    assert await everything(store) == []
    assert await everything(store, BEN, OTHER) == [theirs]


async def test_a_record_stays_in_its_scope(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new(OWN))
    with pytest.raises(WrongScopeError):
        await store.records.update_async(ASHA, change(added.id, opportunity_id=815, data=1))
    with pytest.raises(WrongScopeError):
        await store.records.update_async(ASHA, change(added.id, program_id=12, data=1))
    assert await everything(store) == [added]
    assert await everything(store, ASHA, SHARED) == []
    updated = await store.records.update_async(ASHA, change(added.id, opportunity_id=814, data=1))
    assert updated == replace(added, data=1)


async def test_a_record_is_not_taken_out_of_its_scope(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new(OWN))
    with pytest.raises(WrongScopeError):
        await store.records.update_async(ASHA, change(added.id, opportunity_id=None, data=1))
    assert await everything(store) == [added]


async def test_an_unknown_id_without_a_scope_is_not_found(store: RecordStore) -> None:
    with pytest.raises(RecordNotFoundError) as refused:
        await store.records.write_async(ASHA, [new(), change(77_777, data=1)])
    assert (refused.value.index, refused.value.record_id) == (1, 77_777)
    assert await everything(store) == []


async def test_an_unknown_id_with_a_scope_makes_a_record_with_that_id(store: RecordStore) -> None:
    if not store.tells_foreign_ids_from_free_ones:
        pytest.skip("this store cannot tell a free id from a foreign one and refuses both")
    made = await store.records.update_async(ASHA, RecordItem(5_000, dict(new().fields)))
    assert made.id == 5_000
    assert await everything(store) == [made]
    following = await store.records.add_async(ASHA, new())
    assert following.id > 5_000, "a chosen id is not given to anybody else"


async def test_a_shared_scope_is_written_by_both(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new(SHARED))
    updated = await store.records.update_async(BEN, change(added.id, data={"by": "ben"}))
    assert await store.records.get_async(ASHA, added.id) == updated
    await store.records.remove_async(BEN, [added.id])
    assert await everything(store, ASHA, SHARED) == []


async def test_a_public_record_without_a_scope_is_open_to_everyone(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new(NO_SCOPE, public=True))
    updated = await store.records.update_async(BEN, change(added.id, data={"by": "ben"}))
    assert await store.records.get_async(ASHA, added.id) == updated
    await store.records.remove_async(BEN, [added.id])
    assert await store.records.get_async(ASHA, added.id) is None


async def test_a_lost_update_is_noticed(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new(data={"n": 0}))
    first = await store.records.update_async(ASHA, change(added.id, added, data={"n": 1}))
    with pytest.raises(RecordChangedError) as refused:
        await store.records.write_async(ASHA, [new(), change(added.id, added, data={"n": 2})])
    assert (refused.value.index, refused.value.record_id, refused.value.current) == (1, added.id, first)
    assert await everything(store) == [first]
    assert (await store.records.update_async(ASHA, change(added.id, first, data={"n": 2}))).data == {"n": 2}


async def test_an_update_of_what_was_removed_meanwhile_is_noticed(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new())
    await store.records.remove_async(ASHA, [added.id])
    with pytest.raises(RecordChangedError) as refused:
        await store.records.update_async(ASHA, change(added.id, added, data=1))
    assert refused.value.current is None
    with pytest.raises(RecordNotFoundError):
        await store.records.update_async(ASHA, change(added.id, data=1))
    assert await everything(store) == []


async def test_a_changed_record_is_not_removed_by_who_expects_another(store: RecordStore) -> None:
    added = await store.records.add_async(ASHA, new())
    changed = await store.records.update_async(ASHA, change(added.id, data=1))
    with pytest.raises(RecordChangedError):
        await store.records.remove_async(ASHA, [added.id], expected=added)
    assert await everything(store) == [changed]
    await store.records.remove_async(ASHA, [added.id], expected=changed)
    assert await everything(store) == []


async def test_removing_is_all_or_nothing(store: RecordStore) -> None:
    own = await store.records.write_async(ASHA, [new(), new(PROGRAM), new(ORGANIZATION)])
    theirs = await store.records.add_async(BEN, new(OTHER))
    for bad in (theirs.id, 88_888):
        with pytest.raises(RecordNotFoundError) as refused:
            await store.records.remove_async(ASHA, [*ids_of(own), bad])
        assert refused.value.record_id == bad
    assert [await store.records.get_async(ASHA, one.id) for one in own] == own
    await store.records.remove_async(ASHA, [*ids_of(own), own[0].id])
    assert [await store.records.get_async(ASHA, one.id) for one in own] == [None] * 3
    await store.records.remove_async(ASHA, [])
    with pytest.raises(RecordNotFoundError):
        await store.records.remove_async(ASHA, [own[0].id])


async def test_no_record_becomes_its_own_ancestor(store: RecordStore) -> None:
    top = await store.records.add_async(ASHA, new())
    middle = await store.records.add_async(ASHA, new(labs_record_id=top.id))
    low = await store.records.add_async(ASHA, new(labs_record_id=middle.id))
    other = await store.records.add_async(ASHA, new())
    for items in (
        [change(top.id, labs_record_id=top.id)],
        [change(top.id, labs_record_id=middle.id)],
        [change(top.id, labs_record_id=low.id)],
        [change(top.id, labs_record_id=other.id), change(other.id, labs_record_id=low.id)],
    ):
        with pytest.raises(InvalidRecordError, match="neither the record itself nor below it") as refused:
            await store.records.write_async(ASHA, items)
        assert refused.value.field == "labs_record_id"
    assert await everything(store) == [top, middle, low, other]
    moved = await store.records.update_async(ASHA, change(low.id, labs_record_id=top.id))
    assert moved.labs_record_id == top.id


async def test_children_go_with_their_parents(store: RecordStore) -> None:
    root = await store.records.add_async(ASHA, new())
    child, other = await store.records.write_async(ASHA, [new(labs_record_id=root.id), new()])
    grandchild = await store.records.add_async(ASHA, new(PROGRAM, labs_record_id=child.id))
    shared = await store.records.add_async(ASHA, new(SHARED, labs_record_id=grandchild.id))
    assert grandchild.labs_record_id == child.id
    await store.records.remove_async(ASHA, [root.id])
    assert await everything(store) == [other]
    assert await everything(store, ASHA, PROGRAM) == []
    assert await everything(store, BEN, SHARED) == []
    assert await store.records.get_async(BEN, shared.id) is None


async def test_a_public_parent_takes_the_children_of_others_with_it(store: RecordStore) -> None:
    solicitation = await store.records.add_async(ASHA, new(OWN, public=True))
    response = await store.records.add_async(BEN, new(OTHER, labs_record_id=solicitation.id))
    assert await everything(store, BEN, OTHER) == [response]
    await store.records.remove_async(ASHA, [solicitation.id])
    assert await everything(store, BEN, OTHER) == []


async def test_concurrent_writers_lose_nothing(store: RecordStore) -> None:
    record = await store.records.add_async(ASHA, new(SHARED, data={"seen": []}))
    repositories = [store.records, await store.another_async()]

    async def note(number: int) -> None:
        repository = repositories[number % 2]
        while True:
            current = await repository.get_async(ASHA, record.id)
            if current is None:  # another process may see it a little later
                await asyncio.sleep(0.01)
                continue
            data = {"seen": [*current.data["seen"], number]}
            try:
                await repository.update_async(ASHA, change(record.id, current, data=data))
            except RecordChangedError:
                await asyncio.sleep(0.01)
            else:
                return

    await asyncio.gather(*(note(number) for number in range(12)))
    await store.records.add_async(ASHA, new())  # whoever wrote last has seen everything before
    [final] = await everything(store, ASHA, SHARED)
    assert sorted(final.data["seen"]) == list(range(12))


async def test_concurrent_batches_are_each_whole(store: RecordStore) -> None:
    records = await store.records.write_async(ASHA, [new(data=-1) for _ in range(6)])
    repositories = [store.records, await store.another_async()]

    async def paint(color: int) -> None:
        order = records if color % 2 else list(reversed(records))
        items = [change(one.id, data=color) for one in order]
        written: list[LabsRecord] = []
        while not written:
            # A cache refuses what another process has not told it of yet, as a whole.
            with suppress(RecordChangedError):
                written = await repositories[color % 2].write_async(ASHA, items)
        assert {one.data for one in written} == {color}

    await asyncio.gather(*(paint(color) for color in range(8)))
    await store.records.add_async(ASHA, new(data="last"))
    final = {one.data for one in await everything(store)} - {"last"}
    assert len(final) == 1
    assert final < set(range(8))


async def test_many_insert_at_once_and_all_are_there(store: RecordStore) -> None:
    repositories = [store.records, await store.another_async()]
    written = await asyncio.gather(
        *(repositories[n % 2].write_async(ASHA, [new(data=n), new(data=n)]) for n in range(20))
    )
    ids = [one.id for batch in written for one in batch]
    assert len(set(ids)) == 40
    while len(found := await everything(store)) < 40:  # noqa: ASYNC110  # another process is seen a little later
        await asyncio.sleep(0.01)
    assert ids_of(found) == sorted(ids)
    assert sorted(one.data for one in found) == sorted([*range(20), *range(20)])
