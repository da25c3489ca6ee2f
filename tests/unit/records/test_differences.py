"""What differs between two versions."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.records.record_filters import path_of
from domain.records.conditions import same_json
from domain.records.differences import Difference, differences
from domain.records.json_text import is_written_alike, key_in_path
from domain.records.record_history import LabsRecordHistory
from domain.records.values import LabsRecord
from tests.unit.records.test_json_text_and_conditions import DATA

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
RECORD = LabsRecord(id=7, experiment="tasks", type="Task", data={"a.b": 1, "list": [1, {"x": 2}], "gone": None})


def test_columns_come_first_then_data_by_its_innermost_places() -> None:
    after = replace(RECORD, type="Other", public=True, data={"a.b": True, "list": [1, {"x": 3}, 4], "$new": {"y": 1}})
    assert differences(RECORD, after) == [
        Difference(("type",), "Task", "Other"),
        Difference(("public",), False, True),
        Difference(("data", "a.b"), 1, True),
        Difference(("data", "list", 1, "x"), 2, 3),
        Difference(("data", "list", 2), None, 4, "added"),
        Difference(("data", "gone"), None, None, "removed"),
        Difference(("data", "$new"), None, {"y": 1}, "added"),
    ]


def test_what_was_not_there_is_added_and_what_is_not_there_removed() -> None:
    assert {one.kind for one in differences(None, RECORD)} == {"added"}
    assert {one.kind for one in differences(RECORD, None)} == {"removed"}
    assert differences(None, None) == []


@given(DATA, DATA)
def test_there_are_differences_exactly_where_the_json_is_not_written_the_same(old: Any, new: Any) -> None:
    found = differences(replace(RECORD, data=old), replace(RECORD, data=new))
    assert bool(found) is not is_written_alike(old, new)
    if not found:
        assert same_json(old, new)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ({"n": 1, "x": 0}, {"n": 1.0, "x": 0}, ["data.n"]),
        ({"n": [{"deep": -0.0}]}, {"n": [{"deep": 0.0}]}, ["data.n"]),
        ({"a.b": 1, "a": {"b": 1}}, {"a.b": 2, "a": {"b": 1}}, ['data."a.b"']),
        ({"a.b": 1, "a": {"b": 1}}, {"a.b": 1, "a": {"b": 2}}, ["data.a"]),
        ({'"': 1, "": 1, "$x": 1}, {'"': 2, "": 2, "$x": 2}, ['data."\\""', 'data.""', "data.$x"]),
    ],
)
def test_a_version_has_exactly_the_differences_that_its_event_names(old: Any, new: Any, changed: list[str]) -> None:
    history = LabsRecordHistory.begin(replace(RECORD, data=old), NOON)
    assert history.change({"data": new}, NOON) == changed
    steps = {one.path[1] for one in differences(replace(RECORD, data=old), replace(RECORD, data=new))}
    named = {step if isinstance(step, int) else f"data.{key_in_path(step)}" for step in steps}
    assert named == set(changed)


@given(st.text(min_size=1))
def test_a_key_in_the_name_of_a_change_is_read_back_as_the_same_key(key: str) -> None:
    assert path_of(f"data.{key_in_path(key)}") == (key,)
