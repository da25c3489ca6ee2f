"""Data as text, what a filter means, and that the index never hides what a filter finds."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records.conditions import Condition, Lookup, RecordFilter, same_json
from domain.records.errors import InvalidFilterError
from domain.records.json_text import UnstorableDataError, from_text, to_text
from domain.records.values import LabsRecord
from integration.records.index_tokens import MOST_DATA_TOKENS, narrowings_of, tokens_of

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
KEYS = st.sampled_from(["a", "b", "a.b", "$set", "", "0", "1", "00", "é"]) | TEXT
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from([1.0, -0.0, 1e300, 0.5, 2**53, float(2**53), 10**400])
    | TEXT
)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5))
DATA = JSON.filter(lambda value: value is not None)


@given(DATA)
def test_what_was_given_comes_back(data: Any) -> None:
    assert repr(from_text(to_text(data))) == repr(data)


@pytest.mark.parametrize("data", [None, float("nan"), [float("inf")], {1: 2}, {"a": {2}}, "\ud800", {"\udfff": 1}, b""])
def test_what_is_no_json_is_refused(data: Any) -> None:
    with pytest.raises(UnstorableDataError):
        to_text(data)


@given(JSON, JSON)
def test_the_same_json_is_the_same_either_way_round(left: Any, right: Any) -> None:
    assert same_json(left, right) is same_json(right, left)
    assert same_json(left, left)


def _paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found = [(path, value)]
    if isinstance(value, dict):
        for key, inner in value.items():
            found += _paths(inner, (*path, key))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            found += _paths(inner, (*path, str(place)))
    return found


def _may_find(record: LabsRecord, wanted: RecordFilter) -> bool:
    tokens = set(tokens_of(record))
    return all(tokens & set(one.any_of) for one in narrowings_of(wanted))


@given(DATA, st.data())
def test_the_index_never_hides_what_a_filter_finds(data: Any, draw: st.DataObject) -> None:
    record = LabsRecord(id=1, experiment="e", type="t", data=data)
    places = _paths(data)
    path, value = draw.draw(st.sampled_from(places))
    other = draw.draw(st.sampled_from([inner for _, inner in places]) | SCALARS)
    conditions = [
        Condition("data", value, path=path),
        Condition("data", other, path=path),
        Condition("data", [other, value], Lookup.IN, path),
        Condition("experiment", draw.draw(st.sampled_from(["e", "f"]))),
        Condition("type", draw.draw(st.sampled_from(["t", "f"]))),
        Condition("username", None),
        Condition("public", False),
        Condition("public", 0),
    ]
    chosen = draw.draw(st.lists(st.sampled_from(conditions), min_size=1, max_size=4))
    wanted = RecordFilter(tuple(chosen))
    if wanted.holds_for(record):
        assert _may_find(record, wanted)


@given(st.integers(0, 300), st.integers(0, 12), st.data())
def test_nor_where_there_is_more_than_it_takes(width: int, depth: int, draw: st.DataObject) -> None:
    data: Any = {"bottom": True}
    for level in range(depth):
        data = {"down": data, f"beside{level}": level}
    data = {"wide": {f"k{number}": number for number in range(width)}, "deep": data, "top": "x"}
    record = LabsRecord(id=1, experiment="e", type="t", data=data)
    assert len(tokens_of(record)) <= MOST_DATA_TOKENS + 7
    path, value = draw.draw(st.sampled_from(_paths(data)))
    wanted = RecordFilter((Condition("data", value, path=path),))
    assert wanted.holds_for(record)
    assert _may_find(record, wanted)


def test_the_index_tells_most_others_apart() -> None:
    record = LabsRecord(id=1, experiment="e", type="t", data={"a": 1, "b": {"c": "x"}})
    for condition in (
        Condition("data", True, path=("a",)),
        Condition("data", "1", path=("a",)),
        Condition("data", "x", path=("b.c",)),
        Condition("data", None, path=("d",)),
        Condition("experiment", "t"),
        Condition("public", True),
    ):
        wanted = RecordFilter((condition,))
        assert not wanted.holds_for(record)
        assert not _may_find(record, wanted)


@pytest.mark.parametrize(
    ("field", "value", "lookup", "path"),
    [
        ("scope", 1, Lookup.EXACT, ()),
        ("__class__", 1, Lookup.EXACT, ()),
        ("type", 1, Lookup.EXACT, ("a",)),
        ("data", "abc", Lookup.IN, ("a",)),
        ("data", "yes", Lookup.ISNULL, ("a",)),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(field: str, value: Any, lookup: Lookup, path: Any) -> None:
    with pytest.raises(InvalidFilterError):
        Condition(field, value, lookup, path)
