"""What the repository asks the remote, and what it leaves to nobody but itself."""

from dataclasses import replace
from typing import Any

import pytest

from domain.records.conditions import Condition, Lookup, RecordFilter
from domain.records.errors import (
    HistoryNotKeptError,
    InvalidRecordError,
    RecordChangedError,
    RecordNotFoundError,
    WrongScopeError,
)
from domain.records.values import NO_SCOPE, RecordItem, RecordScope
from integration.records.no_record_histories import NoRecordHistories
from integration.records.remote_filters import parameters_for
from tests.support.connect import RECORDS, ConnectSimulator, a_record
from tests.support.records import change, new
from tests.support.remote_records import RemoteStore

OWN = RecordScope(opportunity_id=814)


def where(*conditions: Condition) -> RecordFilter:
    return RecordFilter(conditions)


@pytest.mark.parametrize(
    ("condition", "sent"),
    [
        (Condition("experiment", "tasks"), {"experiment": "tasks"}),
        (Condition("type", "a&b=c"), {"type": "a&b=c"}),
        (Condition("username", "asha"), {"user__username": "asha"}),
        (Condition("id", 5), {"id": "5"}),
        (Condition("labs_record_id", 5), {"labs_record_id": "5"}),
        (Condition("public", True), {"public": "True"}),
        (Condition("data", "open", path=("status",)), {"data__status": "open"}),
        (Condition("data", "x", path=("a_b", "c1")), {"data__a_b__c1": "x"}),
    ],
)
def test_what_the_remote_compares_rightly_is_sent(condition: Condition, sent: dict[str, str]) -> None:
    assert parameters_for(OWN, where(condition)) == {"opportunity_id": "814", **sent}


@pytest.mark.parametrize(
    "condition",
    [
        Condition("data", 5, path=("count",)),
        Condition("data", True, path=("flag",)),
        Condition("data", None, path=("x",)),
        Condition("data", "x", path=("a__b",)),
        Condition("data", "x", path=("a_", "b")),
        Condition("data", "x", path=("a.b",)),
        Condition("data", "x", path=("contains",)),
        Condition("data", "x", path=("regex",)),
        Condition("data", "x", path=("0",)),
        Condition("data", "x", path=("events", "0")),
        Condition("data", "x", path=("",)),
        Condition("data", "x"),
        Condition("data", "x" * 5_000, path=("a",)),
        Condition("data", "a\0b", path=("a",)),
        Condition("data", "\ud800", path=("a",)),
        Condition("data", "x", Lookup.ICONTAINS, ("a",)),
        Condition("type", 5),
        Condition("type", ""),
        Condition("id", "5"),
        Condition("id", 2**63),
        Condition("id", True),
        Condition("id", [1, 2], Lookup.IN),
        Condition("public", 1),
        Condition("username", None),
        Condition("opportunity_id", 815),
        Condition("program_id", 12),
    ],
)
def test_everything_else_is_filtered_here(condition: Condition) -> None:
    assert parameters_for(RecordScope(organization_id=7), where(condition)) == {"organization_id": "7"}


async def test_the_server_narrows_and_we_decide(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_records([a_record(n, data={"status": "open", "count": n % 2}) for n in range(1, 7)])
    wanted = where(Condition("data", "open", path=("status",)), Condition("data", 1, path=("count",)))
    found = await store.records.find_async("asha", OWN, wanted, after=1, limit=1)
    assert [record.id for record in found.records] == [3]
    assert found.as_of is not None
    assert found.stale_since is None


async def test_a_remote_that_answers_too_much_is_not_believed(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_faults(
        {
            "kind": "wrong_json",
            "path": RECORDS,
            "body": '[{"id":2,"username":null,"experiment":"e","opportunity_id":901,"organization_id":null,'
            '"program_id":null,"labs_record_id":null,"type":"t","data":{},"public":false,"brand_new":1},'
            '{"id":1,"username":null,"experiment":"e","opportunity_id":814,"type":"t","data":{}}]',
        }
    )
    found = await store.records.find_async("asha", OWN)
    assert [record.id for record in found.records] == [1], "a foreign scope is left out, missing columns are null"


async def test_a_record_is_looked_for_in_all_scopes_once(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_records([a_record(5, opportunity_id=902, username=None)])
    found = await store.records.get_async("dalia", 5)
    assert found is not None
    connect.calls(forget=True)
    assert await store.records.get_async("dalia", 5) == found
    assert connect.calls() == {f"GET {RECORDS}": 1}, "where it was is remembered"
    assert await store.records.get_async("asha", 5) is None


async def test_a_record_that_moved_is_found_where_it_is_now(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_records([a_record(5)])
    assert await store.records.get_async("asha", 5) is not None
    connect.set_records([a_record(5, opportunity_id=815)])
    found = await store.records.get_async("asha", 5)
    assert found is not None
    assert found.opportunity_id == 815


@pytest.mark.parametrize("scope", [NO_SCOPE, OWN])
async def test_a_mistaken_id_sends_nothing(connect: ConnectSimulator, store: RemoteStore, scope: RecordScope) -> None:
    theirs = a_record(6, opportunity_id=901, username="chidi")
    connect.set_records([theirs])
    fields = {**new(scope).fields, "data": "mine"}
    with pytest.raises(RecordNotFoundError):
        await store.records.update_async("asha", RecordItem(6, fields))
    with pytest.raises(RecordNotFoundError):
        await store.records.update_async("asha", RecordItem(7, fields))
    connect.set_records([{**theirs, "public": True}])
    with pytest.raises((WrongScopeError, RecordNotFoundError)):
        await store.records.update_async("asha", RecordItem(6, fields))
    assert f"POST {RECORDS}" not in connect.calls()


async def test_somebody_elses_change_is_noticed_before_the_write(connect: ConnectSimulator, store: RemoteStore) -> None:
    read = await store.records.add_async("asha", new(OWN))
    connect.export("POST", "labs_record/", "brian", json={"id": read.id, "data": {"by": "brian"}})
    connect.calls(forget=True)
    with pytest.raises(RecordChangedError) as refused:
        await store.records.update_async("asha", change(read.id, read, data={"by": "asha"}))
    assert refused.value.current == replace(read, data={"by": "brian"})
    assert f"POST {RECORDS}" not in connect.calls()


@pytest.mark.parametrize(
    ("fields", "index", "field"),
    [
        ([{}, {"username": "nobody"}], 1, "username"),
        ([{"username": "brian"}, {"username": "nobody"}], 1, "username"),
        ([{}, {"labs_record_id": 424_242}], 1, "labs_record_id"),
    ],
)
async def test_a_500_is_explained(
    connect: ConnectSimulator, store: RemoteStore, fields: list[dict[str, Any]], index: int, field: str
) -> None:
    connect.set_records([a_record(1, username="brian")])
    with pytest.raises(InvalidRecordError) as refused:
        await store.records.write_async("asha", [new(OWN, **one) for one in fields])
    assert (refused.value.index, refused.value.field) == (index, field)
    assert len(connect.records()) == 1


async def test_a_parent_that_went_meanwhile_is_named(connect: ConnectSimulator, store: RemoteStore) -> None:
    parent = await store.records.add_async("asha", new(OWN))
    connect.set_records([])
    with pytest.raises(InvalidRecordError) as refused:
        await store.records.add_async("asha", new(OWN, labs_record_id=parent.id))
    assert refused.value.field == "labs_record_id"


async def test_a_foreign_parent_is_not_there(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_records([a_record(6, opportunity_id=901)])
    with pytest.raises(InvalidRecordError):
        await store.records.add_async("asha", new(OWN, labs_record_id=6))
    assert f"POST {RECORDS}" not in connect.calls()


async def test_large_numbers_are_not_rounded(connect: ConnectSimulator, store: RemoteStore) -> None:
    data = {"id": 2**64 + 1, "text": "12345678901234567890123", "float": 0.1 + 0.2, "whole": 1.0}
    added = await store.records.add_async("asha", new(OWN, data=data))
    found = await store.records.get_async("asha", added.id)
    assert found is not None
    assert repr(found.data) == repr(data)


async def test_many_records_of_a_scope_are_read_in_one_call(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_records([a_record(n) for n in range(1, 101)])
    await store.records.find_async("asha", OWN)
    connect.calls(forget=True)
    await store.records.write_async("asha", [change(n, data={"n": n}) for n in range(1, 101)])
    assert connect.calls()[f"GET {RECORDS}"] == 1
    assert connect.calls()[f"POST {RECORDS}"] == 1


async def test_no_history_is_kept_of_what_is_there(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_records([a_record(1), a_record(6, opportunity_id=901)])
    histories = NoRecordHistories(store.records)
    with pytest.raises(HistoryNotKeptError):
        await histories.entries_async("asha", 1, limit=10)
    with pytest.raises(HistoryNotKeptError):
        await histories.at_version_async("asha", 1, 1)
    assert await histories.entries_async("asha", 6, limit=10) is None
    assert await histories.at_version_async("asha", 6, 1) is None
    assert await histories.version_async("asha", 6) is None
