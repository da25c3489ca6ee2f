"""What differs between two versions."""

from dataclasses import replace
from typing import Any

from hypothesis import given

from domain.records.conditions import same_json
from domain.records.differences import Difference, differences
from domain.records.values import LabsRecord
from tests.unit.records.test_json_text_and_conditions import DATA

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
def test_there_are_differences_exactly_where_the_json_is_not_the_same(old: Any, new: Any) -> None:
    found = differences(replace(RECORD, data=old), replace(RECORD, data=new))
    assert bool(found) is not same_json(old, new)
