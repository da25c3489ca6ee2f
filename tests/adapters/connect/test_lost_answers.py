"""The remote knows no idempotency: what became of a write whose answer was lost is looked for."""

import asyncio
from typing import Any

import pytest

from domain.kernel.errors import UnavailableError
from domain.records.errors import RecordsRefusedError
from domain.records.values import NO_SCOPE, RecordScope
from integration.connect.errors import AnswerLostError
from tests.support.connect import RECORDS, ConnectSimulator, a_record
from tests.support.records import change, new
from tests.support.remote_records import RemoteStore, remote_store

OWN = RecordScope(opportunity_id=814)


def fault(kind: str, method: str = "POST", **more: Any) -> dict[str, Any]:
    return {"kind": kind, "path": RECORDS, "method": method, "times": 1, **more}


def posts(connect: ConnectSimulator, method: str = "POST") -> int:
    return connect.calls().get(f"{method} {RECORDS}", 0)


@pytest.mark.parametrize("kind", ["drop_after", "drop_midway", "truncated"])
async def test_an_insert_that_was_taken_is_found_and_not_sent_again(
    connect: ConnectSimulator, store: RemoteStore, kind: str
) -> None:
    connect.set_records([a_record(1, username=None), a_record(9_000, username=None, data={"title": "Other"})])
    connect.set_faults(fault(kind))
    added = await store.records.add_async("asha", new(OWN, data={"title": "Call worker"}))
    assert added.id == 4_501
    assert posts(connect) == 1
    assert len(connect.records()) == 3


async def test_an_insert_that_was_not_taken_is_not_taken_for_an_equal_one(
    connect: ConnectSimulator, store: RemoteStore
) -> None:
    connect.set_records([a_record(1, username=None)])
    connect.set_faults(fault("drop_before"))
    with pytest.raises(AnswerLostError):
        await store.records.add_async("asha", new(OWN, data={"title": "Call worker"}))
    assert posts(connect) == 1
    added = await store.records.add_async("asha", new(OWN, data={"title": "Call worker"}))
    assert added.id != 1


async def test_after_an_insert_of_ours_nothing_is_looked_up_first(
    connect: ConnectSimulator, store: RemoteStore
) -> None:
    first = await store.records.add_async("asha", new(OWN))
    connect.calls(forget=True)
    second = await store.records.add_async("asha", new(OWN))
    assert connect.calls() == {f"POST {RECORDS}": 1}
    connect.set_faults(fault("drop_after"))
    third = await store.records.add_async("asha", new(OWN))
    assert first.id < second.id < third.id
    connect.set_faults(fault("drop_before"))
    with pytest.raises(AnswerLostError):
        await store.records.add_async("asha", new(OWN))
    assert len(connect.records()) == 3


async def test_ids_that_begin_again_hide_no_insert(connect: ConnectSimulator, store: RemoteStore) -> None:
    for _ in range(3):
        await store.records.add_async("asha", new(OWN))
    connect.set_records([], restart_ids=True)
    first = await store.records.add_async("asha", new(OWN))
    connect.set_faults(fault("drop_after"))
    second = await store.records.add_async("asha", new(OWN))
    assert (first.id, second.id) == (4_501, 4_502)
    assert len(connect.records()) == 2
    connect.set_faults(fault("drop_before"))
    with pytest.raises(AnswerLostError):
        await store.records.add_async("asha", new(OWN))


async def test_answers_in_another_order_do_not_count_as_a_new_beginning(
    connect: ConnectSimulator, store: RemoteStore
) -> None:
    await store.records.add_async("asha", new(OWN, data=0))
    connect.set_faults(fault("latency", seconds=0.5))
    slow = asyncio.create_task(store.records.add_async("asha", new(OWN, data=1)))
    await asyncio.sleep(0.2)
    fast = await store.records.add_async("asha", new(OWN, data=2))
    await slow
    connect.set_faults(fault("drop_before"))
    with pytest.raises(AnswerLostError):
        await store.records.add_async("asha", new(OWN, data=2))
    assert [one["id"] for one in connect.records() if one["data"] == 2] == [fast.id]


async def test_an_id_chosen_by_hand_does_not_hide_later_ones(connect: ConnectSimulator, store: RemoteStore) -> None:
    await store.records.add_async("asha", new(OWN))
    connect.export("POST", "labs_record/", "asha", json={**new(OWN).fields, "id": 99_999})
    await store.records.find_async("asha", OWN)
    connect.set_faults(fault("drop_after"))
    added = await store.records.add_async("asha", new(OWN))
    assert added.id == 4_502


async def test_equal_inserts_at_once_are_counted(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_faults(fault("drop_after", after=1, times=1), fault("drop_before", after=3, times=1))
    written = await asyncio.gather(
        *(store.records.add_async("asha", new(OWN)) for _ in range(6)), return_exceptions=True
    )
    ids = [one.id for one in written if not isinstance(one, BaseException)]
    lost = [one for one in written if isinstance(one, BaseException)]
    assert [type(one) for one in lost] == [AnswerLostError]
    assert sorted(ids) == [record["id"] for record in connect.records()]
    assert len(set(ids)) == 5
    assert posts(connect) == 6


async def test_equal_items_of_one_batch_are_counted(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_records([a_record(1, username=None, data={"title": "Call"})])
    connect.set_faults(fault("drop_after"))
    written = await store.records.write_async("asha", [new(OWN), new(OWN, type="Other"), new(OWN)])
    assert [one.type for one in written] == ["Task", "Other", "Task"]
    assert sorted(one.id for one in written) == [4_501, 4_502, 4_503]


async def test_an_update_that_was_taken_is_seen(connect: ConnectSimulator, store: RemoteStore) -> None:
    added = await store.records.add_async("asha", new(OWN))
    connect.set_faults(fault("drop_after"))
    updated = await store.records.update_async("asha", change(added.id, added, data={"n": 1}))
    assert updated.data == {"n": 1}
    assert posts(connect) == 2


async def test_an_update_that_was_not_taken_is_said_to_be_lost(connect: ConnectSimulator, store: RemoteStore) -> None:
    added = await store.records.add_async("asha", new(OWN))
    for kind in ("drop_before", "status"):
        connect.set_faults(fault(kind, status=502))
        with pytest.raises(AnswerLostError):
            await store.records.write_async("asha", [change(added.id, data={"n": 1})])
    assert [record["data"] for record in connect.records()] == [added.data]


async def test_a_batch_of_both_is_settled_as_a_whole(connect: ConnectSimulator, store: RemoteStore) -> None:
    one, two = await store.records.write_async("asha", [new(OWN), new(OWN)])
    batch = [change(one.id, data={"n": 1}), new(OWN, data="new"), change(two.id, data=two.data)]
    connect.set_faults(fault("drop_before"))
    with pytest.raises(AnswerLostError):
        await store.records.write_async("asha", batch)
    connect.set_faults(fault("drop_after"))
    written = await store.records.write_async("asha", batch)
    assert [record.data for record in written] == [{"n": 1}, "new", two.data]
    assert len(connect.records()) == 3


async def test_a_write_that_takes_effect_after_we_hung_up_is_found(connect: ConnectSimulator) -> None:
    waits = (0.0, 0.5, 1.5)
    async with remote_store(connect, records_seconds=1.0, settle_waits_seconds=waits) as opened:
        await opened.records.find_async("asha", OWN)
        connect.set_faults(fault("latency", seconds=1.4))
        added = await opened.records.add_async("asha", new(OWN))
    assert [record["id"] for record in connect.records()] == [added.id]
    assert posts(connect) == 1


async def test_a_removal_that_was_taken_is_seen(connect: ConnectSimulator, store: RemoteStore) -> None:
    one, two = await store.records.write_async("asha", [new(OWN), new(OWN)])
    connect.set_faults(fault("drop_after", "DELETE"))
    await store.records.remove_async("asha", [one.id, two.id])
    assert connect.records() == []
    assert posts(connect, "DELETE") == 1


async def test_a_removal_that_was_not_taken_is_said_to_be_lost(connect: ConnectSimulator, store: RemoteStore) -> None:
    added = await store.records.add_async("asha", new(OWN))
    connect.set_faults(fault("drop_before", "DELETE"))
    with pytest.raises(AnswerLostError):
        await store.records.remove_async("asha", [added.id], expected=added)
    assert len(connect.records()) == 1


@pytest.mark.parametrize("kind", ["html", "wrong_json"])
async def test_a_removal_that_is_answered_with_something_is_looked_for(
    connect: ConnectSimulator, store: RemoteStore, kind: str
) -> None:
    added = await store.records.add_async("asha", new(OWN))
    for expected in (added, None):
        connect.set_faults(fault(kind, "DELETE"))
        with pytest.raises(AnswerLostError):
            await store.records.remove_async("asha", [added.id], expected=expected)
    assert [one["id"] for one in connect.records()] == [added.id]
    await store.records.remove_async("asha", [added.id])
    assert connect.records() == []


async def test_a_dead_remote_took_nothing(connect: ConnectSimulator) -> None:
    async with remote_store(connect) as opened:
        await opened.records.find_async("asha", OWN)
        await opened.records.add_async("asha", new(OWN))
        assert opened.api is not None
        connect.set_faults({"kind": "status", "status": 503, "path": RECORDS, "retry_after": "7"})
        with pytest.raises(UnavailableError) as refused:
            await opened.records.find_async("asha", OWN)
        assert refused.value.retry_after_seconds == 7


async def test_a_server_error_on_a_write_stored_nothing(connect: ConnectSimulator, store: RemoteStore) -> None:
    await store.records.find_async("asha", OWN)
    connect.set_faults(fault("status", status=500))
    with pytest.raises(RecordsRefusedError) as refused:
        await store.records.add_async("asha", new(OWN))
    assert refused.value.status == 500


async def test_who_sends_again_may_look_first(store: RemoteStore) -> None:
    item = new(OWN, data={"title": "Again"})
    assert await store.records.equal_records_async("asha", item) == []  # type: ignore[attr-defined]
    added = await store.records.add_async("asha", item)
    assert await store.records.equal_records_async("asha", item) == [added]  # type: ignore[attr-defined]
    assert await store.records.equal_records_async("asha", new(NO_SCOPE)) == []  # type: ignore[attr-defined]
