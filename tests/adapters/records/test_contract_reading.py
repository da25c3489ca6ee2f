"""What every store of records promises about reading."""

from typing import Any

import pytest

from domain.records.conditions import Condition, Lookup, RecordFilter
from domain.records.errors import ScopeNotFoundError
from domain.records.values import NO_SCOPE, LabsRecord, RecordScope
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


def where(field: str, value: Any, lookup: Lookup = Lookup.EXACT) -> RecordFilter:
    """``data__a__b`` is the path a, b below data; other names are fields."""
    name, *path = field.split("__")
    return RecordFilter((Condition(name, value, lookup, tuple(path)),))


async def found(store: RecordStore, wanted: RecordFilter, scope: RecordScope = OWN, user: str = ASHA) -> list[Any]:
    records = (await store.records.find_async(user, scope, wanted)).records
    return [record.data for record in records]


async def test_an_empty_scope_has_no_records(store: RecordStore) -> None:
    answer = await store.records.find_async(ASHA, OWN)
    assert answer.records == ()
    assert answer.stale_since is None
    assert await store.records.get_async(ASHA, 1) is None


@pytest.mark.parametrize(
    "scope",
    [OTHER, RecordScope(program_id=22), RecordScope(organization_id=2), RecordScope(opportunity_id=999_999)],
)
async def test_a_foreign_scope_is_not_found(store: RecordStore, scope: RecordScope) -> None:
    await store.records.write_async(BEN, [new(OTHER)])
    with pytest.raises(ScopeNotFoundError):
        await store.records.find_async(ASHA, scope)
    with pytest.raises(ScopeNotFoundError):
        await store.records.find_async(NOBODY, scope)


async def test_strangers_never_see_each_others_records(store: RecordStore) -> None:
    own = await store.records.write_async(
        ASHA, [new(OWN), new(PROGRAM), new(ORGANIZATION), new(WITH_BOTH), new(OWN, public=True)]
    )
    theirs = await store.records.write_async(
        BEN, [new(OTHER), new(RecordScope(program_id=22)), new(RecordScope(organization_id=2))]
    )
    shared = await store.records.add_async(ASHA, new(SHARED, labs_record_id=own[0].id))
    filters = [
        RecordFilter(),
        where("experiment", "tasks"),
        where("data__title", "Call"),
        where("data__title", "", Lookup.CONTAINS),
        where("id", own[0].id),
        where("id", ids_of(own), Lookup.IN),
        where("labs_record_id", own[0].id),
        where("opportunity_id", 814),
        where("program_id", 12),
        where("public", False),
        where("username", None),
        where("data__nothing", True, Lookup.ISNULL),
    ]
    for wanted in filters:
        for scope in (OTHER, RecordScope(program_id=22), RecordScope(organization_id=2), SHARED, NO_SCOPE):
            seen = (await store.records.find_async(BEN, scope, wanted)).records
            assert not {one.id for one in seen} & set(ids_of(own[:4])), (wanted, scope)
        for scope in (OWN, PROGRAM, ORGANIZATION, SHARED, NO_SCOPE):
            seen = (await store.records.find_async(ASHA, scope, wanted)).records
            assert not {one.id for one in seen} & set(ids_of(theirs)), (wanted, scope)
    for one in own[:4]:
        for scope in (None, OTHER, SHARED, OWN, NO_SCOPE):
            assert await store.records.get_async(BEN, one.id, scope) is None
    assert await store.records.get_async(BEN, shared.id) == shared


async def test_a_record_of_two_scopes_is_found_under_either(store: RecordStore) -> None:
    both = await store.records.add_async(ASHA, new(WITH_BOTH))
    only = await store.records.add_async(ASHA, new(OWN))
    assert ids_of((await store.records.find_async(ASHA, OWN)).records) == [both.id, only.id]
    assert ids_of((await store.records.find_async(ASHA, PROGRAM)).records) == [both.id]
    assert ids_of((await store.records.find_async(ASHA, WITH_BOTH)).records) == [both.id]
    assert ids_of((await store.records.find_async(ASHA, RecordScope(opportunity_id=814, program_id=13))).records) == []


async def test_the_first_scope_decides_and_the_others_narrow(store: RecordStore) -> None:
    await store.records.add_async(ASHA, new(OWN))
    foreign_second = RecordScope(opportunity_id=814, program_id=22)
    assert (await store.records.find_async(ASHA, foreign_second)).records == ()
    with pytest.raises(ScopeNotFoundError):
        await store.records.find_async(ASHA, RecordScope(opportunity_id=824, program_id=12))


async def test_public_records_are_read_without_a_scope_by_anybody(store: RecordStore) -> None:
    public = await store.records.add_async(ASHA, new(OWN, public=True))
    await store.records.add_async(ASHA, new(OWN))
    for user in (ASHA, BEN, NOBODY):
        assert list((await store.records.find_async(user, NO_SCOPE)).records) == [public]
        assert await store.records.get_async(user, public.id) == public
        assert await store.records.get_async(user, public.id, NO_SCOPE) == public
    assert (await store.records.find_async(BEN, NO_SCOPE, where("public", False))).records == ()
    hidden = await store.records.update_async(ASHA, change(public.id, public=False))
    assert (await store.records.find_async(BEN, NO_SCOPE)).records == ()
    assert await store.records.get_async(BEN, public.id) is None
    assert await store.records.get_async(ASHA, public.id) == hidden


async def test_a_record_is_got_only_where_it_is_looked_for(store: RecordStore) -> None:
    record = await store.records.add_async(ASHA, new(OWN))
    assert await store.records.get_async(ASHA, record.id) == record
    assert await store.records.get_async(ASHA, record.id, OWN) == record
    assert await store.records.get_async(ASHA, record.id, PROGRAM) is None
    assert await store.records.get_async(ASHA, record.id, NO_SCOPE) is None
    assert await store.records.get_async(NOBODY, record.id) is None
    for nonsense in (0, -1, 2**63, 2**80):
        assert await store.records.get_async(ASHA, nonsense) is None


async def test_pages_follow_the_order_of_ids(store: RecordStore) -> None:
    written = await store.records.write_async(ASHA, [new(data={"n": n, "even": n % 2 == 0}) for n in range(30)])
    ids = ids_of(written)

    async def page(wanted: RecordFilter, after: int, limit: int | None) -> list[int]:
        answer = await store.records.find_async(ASHA, OWN, wanted, after=after, limit=limit)
        return ids_of(answer.records)

    assert await page(RecordFilter(), 0, None) == ids
    assert await page(RecordFilter(), 0, 7) == ids[:7]
    assert await page(RecordFilter(), ids[6], 7) == ids[7:14]
    assert await page(RecordFilter(), ids[-1], 7) == []
    assert await page(RecordFilter(), ids[6], None) == ids[7:]
    assert await page(RecordFilter(), 0, 0) == []
    even = where("data__even", True)
    assert await page(even, 0, 4) == ids[0:8:2]
    assert await page(even, ids[6], 100) == ids[8::2]
    assert await page(where("data__n", 20, Lookup.GTE), 0, 3) == ids[20:23]
    assert await page(RecordFilter(), -5, 2) == ids[:2]


VALUES: dict[str, Any] = {
    "five": 5,
    "five point": 5.0,
    "text five": "5",
    "true": True,
    "one": 1,
    "text true": "true",
    "null": None,
    "empty": "",
    "zero": 0,
    "false": False,
    "list": [5],
    "object": {"x": 5},
    "half": 0.5,
    "big": 2**53 + 1,
    "bigger": 10**30,
}


EQUALS: list[tuple[Any, list[str]]] = [
    (5, ["five", "five point"]),
    (5.0, ["five", "five point"]),
    ("5", ["text five"]),
    (True, ["true"]),
    (1, ["one"]),
    ("true", ["text true"]),
    (None, ["null"]),
    ("", ["empty"]),
    (0, ["zero"]),
    (False, ["false"]),
    ([5], ["list"]),
    ({"x": 5}, ["object"]),
    (0.5, ["half"]),
    (2**53 + 1, ["big"]),
    (2**53, []),
    (10**30, ["bigger"]),
    ("\ud800", []),
    ({"$ne": None}, []),
    ({"$gt": ""}, []),
]


async def test_filters_compare_by_json_type(store: RecordStore) -> None:
    named = [new(data={"name": name, "v": one}) for name, one in VALUES.items()]
    await store.records.write_async(ASHA, [*named, new(data={"name": "absent"})])
    for value, names in EQUALS:
        assert [data["name"] for data in await found(store, where("data__v", value))] == names, value
        among = [data["name"] for data in await found(store, where("data__v", [value, "5"], Lookup.IN))]
        assert among == sorted({*names, "text five"}, key=list(VALUES).index), value


LOOKUPS: list[tuple[Lookup, Any, list[Any]]] = [
    (Lookup.CONTAINS, "ell", ["Hello"]),
    (Lookup.ICONTAINS, "ELL", ["Hello", "HELLO"]),
    (Lookup.STARTSWITH, "H", ["Hello", "HELLO"]),
    (Lookup.ISTARTSWITH, "h", ["Hello", "HELLO"]),
    (Lookup.ENDSWITH, "O", ["HELLO"]),
    (Lookup.IENDSWITH, "o", ["Hello", "HELLO"]),
    (Lookup.IEXACT, "hello", ["Hello", "HELLO"]),
    (Lookup.GT, 1, [2, 2.5]),
    (Lookup.GTE, 2, [2, 2.5]),
    (Lookup.LT, 2.5, [1, 2]),
    (Lookup.LTE, 1, [1]),
    (Lookup.GT, "Hello", ["zebra"]),
    (Lookup.IN, [1, "zebra", None], [1, "zebra"]),
    (Lookup.IN, [], []),
    (Lookup.CONTAINS, ".*", []),
]


async def test_lookups_find_what_they_say(store: RecordStore) -> None:
    values = ("Hello", "HELLO", 1, 2, 2.5, "zebra", True)
    await store.records.write_async(ASHA, [new(data={"v": one}) for one in values])
    for lookup, value, expected in LOOKUPS:
        assert [data["v"] for data in await found(store, where("data__v", value, lookup))] == expected, (lookup, value)


async def test_an_absent_key_is_not_an_explicit_null(store: RecordStore) -> None:
    await store.records.write_async(ASHA, [new(data={"v": None}), new(data={}), new(data={"v": 0})])
    assert await found(store, where("data__v", None)) == [{"v": None}]
    assert await found(store, where("data__v", True, Lookup.ISNULL)) == [{}]
    assert await found(store, where("data__v", False, Lookup.ISNULL)) == [{"v": None}, {"v": 0}]
    parent = await store.records.add_async(ASHA, new(data="parent"))
    await store.records.add_async(ASHA, new(data="child", labs_record_id=parent.id))
    assert await found(store, where("labs_record_id", False, Lookup.ISNULL)) == ["child"]
    assert await found(store, where("labs_record_id", parent.id)) == ["child"]


async def test_conditions_are_all_to_hold(store: RecordStore) -> None:
    kinds = [("tasks", "Task"), ("tasks", "Other"), ("audit", "Task")]
    await store.records.write_async(
        ASHA,
        [
            new(experiment=experiment, type=kind, username=user, data={"k": [experiment, kind, user], "s": status})
            for experiment, kind in kinds
            for user in (ASHA, BEN)
            for status in ("open", "closed")
        ],
    )
    wanted = RecordFilter(
        (
            Condition("experiment", "tasks"),
            Condition("type", "Task"),
            Condition("username", BEN),
            Condition("data", "open", path=("s",)),
            Condition("data", "tas", Lookup.STARTSWITH, ("k", "0")),
        )
    )
    assert await found(store, wanted) == [{"k": ["tasks", "Task", BEN], "s": "open"}]


async def test_paths_lead_through_lists_and_objects(store: RecordStore) -> None:
    await store.records.write_async(
        ASHA,
        [
            new(data={"n": 1, "events": [{"by": "asha"}, {"by": "ben"}]}),
            new(data={"n": 2, "events": {"0": {"by": "asha"}, "00": {"by": "ben"}}}),
            new(data=["x", ["y"]]),
            new(data="plain"),
        ],
    )
    assert [one["n"] for one in await found(store, where("data__events__0__by", "asha"))] == [1, 2]
    assert [one["n"] for one in await found(store, where("data__events__1__by", "ben"))] == [1]
    assert [one["n"] for one in await found(store, where("data__events__00__by", "ben"))] == [2]
    assert await found(store, where("data__1__0", "y")) == [["x", ["y"]]]
    assert await found(store, where("data", "plain")) == ["plain"]
    for nowhere in ("9" * 5_000, "²", "-1", "1.0"):
        assert await found(store, where(f"data__{nowhere}", "x")) == []


AWKWARD: list[Any] = [
    {"a.b": 1, "a": {"b": 2}, "$set": {"$inc": 3}, "": {"": 4}, "_id": 5, "$": 6, ".": 7},
    {"z": 1, "a": 2, "m": {"y": 1, "b": 2}, "10": 1, "9": 2},
    {"__proto__": 1, "constructor": 2, "toString": 3, "__class__": 4, "length": 5, "hasOwnProperty": 6},
    {
        "ключ": "значение",
        "鍵": "値",
        "😀": "👩‍👩‍👧",
        "\u00e9": "composed",
        "e\u0301": "decomposed",
        "\u0001": "\u0000\u001f",
    },
    {"big": 2**63, "bigger": -(10**30), "float": 1e-7, "long": 0.1 + 0.2, "whole": 1.0, "huge": 1e300},
    {"empty": {}, "list": [], "nested": [[], {}, [None, [None]]], "null": None},
    [],
    {},
    0,
    False,
    "",
    'text with "quotes", \\ and\nnew lines',
    [1, "1", True, None, 1.5],
]


async def test_data_comes_back_exactly(store: RecordStore) -> None:
    added = await store.records.write_async(ASHA, [new(data=data) for data in AWKWARD])
    read = (await store.records.find_async(ASHA, OWN)).records
    got = [await store.records.get_async(ASHA, one.id) for one in added]
    for records in (added, read, got):
        for record, data in zip(records, AWKWARD, strict=True):
            assert record is not None
            assert repr(record.data) == repr(data) if store.keeps_order else record.data == data
            assert type(record.data) is type(data)


KEYS = ["a.b", "$set", "$", "", ".", "_id", "__proto__", "ключ", "😀", "a b", "%", "__class__"]


async def test_awkward_keys_are_looked_for_as_they_are(store: RecordStore) -> None:
    wanted = await store.records.write_async(ASHA, [new(data={key: {key: "here"}}) for key in KEYS])
    await store.records.write_async(ASHA, [new(data={"a": {"b": {"b": "here"}}}), new(data=dict.fromkeys(KEYS, 1))])
    for key, record in zip(KEYS, wanted, strict=True):
        condition = Condition("data", "here", path=(key, key))
        assert list((await store.records.find_async(ASHA, OWN, RecordFilter((condition,)))).records) == [record]


async def test_records_with_more_in_them_than_an_index_takes_are_found_all_the_same(store: RecordStore) -> None:
    wide = {f"k{n}": n for n in range(3_000)}
    deep: Any = "bottom"
    for n in range(30):
        deep = {f"d{n}": deep}
    path = "__".join(f"d{n}" for n in reversed(range(30)))
    await store.records.write_async(
        ASHA, [new(data={"name": "wide", **wide}), new(data={"name": "deep", "x": deep}), new(data={"name": "small"})]
    )
    assert [one["name"] for one in await found(store, where("data__k2999", 2999))] == ["wide"]
    assert [one["name"] for one in await found(store, where("data__k5", 5))] == ["wide"]
    assert [one["name"] for one in await found(store, where(f"data__x__{path}", "bottom"))] == ["deep"]
    assert [one["name"] for one in await found(store, where("data__name", "small"))] == ["small"]


async def test_a_filter_follows_changes(store: RecordStore) -> None:
    record = await store.records.add_async(ASHA, new(data={"status": "open"}))
    assert await found(store, where("data__status", "open")) == [{"status": "open"}]
    await store.records.update_async(ASHA, change(record.id, data={"status": "closed"}, type="Other"))
    assert await found(store, where("data__status", "open")) == []
    assert await found(store, where("data__status", "closed")) == [{"status": "closed"}]
    assert await found(store, where("type", "Task")) == []
    await store.records.remove_async(ASHA, [record.id])
    assert await found(store, where("data__status", "closed")) == []


async def test_an_id_that_cannot_be_finds_nothing(store: RecordStore) -> None:
    record: LabsRecord = await store.records.add_async(ASHA, new())
    nonsense: list[Any] = [2**63, 2**70, -1, 0, 1.5, "1", None, True, {"$gt": 0}, [1]]
    for value in nonsense:
        if value != record.id:
            assert await found(store, where("id", value)) == []
            assert len(await found(store, where("id", [value, record.id], Lookup.IN))) == 1
