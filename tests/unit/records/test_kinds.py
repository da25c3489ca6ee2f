"""Kinds: every record is found as what it is, read whatever it holds, and written only as it should be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.records.errors import InvalidRecordError
from domain.records.kinds.fund import Fund
from domain.records.kinds.kind import ExperimentSpelling
from domain.records.kinds.registry import KINDS, kind_named, kind_of, typed
from domain.records.kinds.solicitation import Solicitation
from domain.records.kinds.solicitation_review import SolicitationReview
from domain.records.kinds.task import Task
from domain.records.values import LabsRecord

OWNER, SHARED = ExperimentSpelling.OWNER, ExperimentSpelling.SHARED
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def record(experiment: str, type_: str, data: Any) -> LabsRecord:
    return LabsRecord(id=1, experiment=experiment, type=type_, data=data)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_found_by_its_name_and_by_its_key(kind: Any) -> None:
    assert kind_named(kind.name) is kind
    assert kind_of(kind.experiment or "77", kind.type) is kind
    assert kind.includes(record(kind.experiment or "solicitations", kind.type, {}))


def test_names_and_keys_are_each_given_once() -> None:
    assert len({kind.name for kind in KINDS}) == len({(kind.experiment, kind.type) for kind in KINDS}) == len(KINDS)


def test_a_record_of_no_kind_stays_a_plain_record() -> None:
    assert typed(record("flags", "Flag", {"a": 1})) is None
    assert typed(record("audit", "Task", {})) is None


@pytest.mark.parametrize("experiment", ["12", "solicitations", "some-owner"])
def test_both_spellings_of_a_solicitation_are_read(experiment: str) -> None:
    assert isinstance(typed(record(experiment, "solicitation", {"title": "x"})), Solicitation)


@given(st.sampled_from(KINDS), ANY_JSON)
def test_whatever_the_data_are_they_are_read_and_left_alone(kind: Any, data: Any) -> None:
    view = kind.view(record(kind.experiment or "1", kind.type, data))
    for field in kind.view.fields():
        getattr(view, field.name)
    assert view.record.data is data


@given(st.sampled_from(KINDS), st.data())
def test_fields_of_any_type_are_read(kind: Any, draw: st.DataObject) -> None:
    data = {field.name: draw.draw(ANY_JSON) for field in kind.view.fields()}
    view = kind.view(record(kind.experiment or "1", kind.type, data))
    for name in (*data, *(name for name in ("committed", "remaining", "tags", "status") if hasattr(view, name))):
        getattr(view, name)


def test_a_typed_write_names_the_field_that_breaks_its_rule() -> None:
    kind = kind_named("workflow-run")
    assert kind is not None
    for data, field in (
        ([], "data"),
        ({}, "data.definition_id"),
        ({"definition_id": "x"}, "data.definition_id"),
        ({"definition_id": 3, "status": "gone"}, "data.status"),
        ({"definition_id": 3, "state": []}, "data.state"),
    ):
        with pytest.raises(InvalidRecordError) as refused:
            kind.completed({"data": data}, OWNER, 4)
        assert (refused.value.index, refused.value.field) == (4, field)
    complete = kind.completed({"data": {"definition_id": 3, "more.keys": {"$x": 1}}}, OWNER)
    assert complete == {
        "data": {"definition_id": 3, "more.keys": {"$x": 1}},
        "type": "workflow_run",
        "experiment": "workflow",
        "public": False,
    }
    with pytest.raises(InvalidRecordError, match="experiment"):
        kind.completed({"data": {"definition_id": 3}, "experiment": "audit"}, OWNER)


def test_the_experiment_of_a_solicitation_is_written_as_configured() -> None:
    kind = kind_named("solicitation")
    response = kind_named("solicitation-response")
    fund = kind_named("fund")
    assert kind is not None
    assert response is not None
    assert fund is not None
    fields = {"data": {"title": "Wanted", "is_public": True}, "program_id": 12}
    assert kind.completed(fields, OWNER)["experiment"] == "12"
    assert kind.completed(fields, SHARED)["experiment"] == "solicitations"
    assert kind.completed(fields, OWNER)["public"] is True
    assert kind.completed({**fields, "public": False}, OWNER)["public"] is False
    assert response.completed({"data": {"solicitation_id": 5, "llo_entity_id": 9}}, OWNER)["experiment"] == "9"
    with pytest.raises(InvalidRecordError, match="experiment must be given"):
        response.completed({"data": {"solicitation_id": 5}}, OWNER)
    assert fund.completed({"data": {"name": "F", "funder_slug": "gates"}}, SHARED)["experiment"] == "gates"


def test_a_fund_knows_what_is_left_of_it() -> None:
    fund = Fund(
        record(
            "x", "fund", {"total_budget": 100, "allocations": [{"amount": 30}, {"amount": "20.5"}, {"amount": None}, 7]}
        )
    )
    assert (str(fund.committed), str(fund.remaining)) == ("50.5", "49.5")
    assert Fund(record("x", "fund", {"total_budget": 1, "allocations": [{"amount": 2}]})).remaining == 0


def test_tags_are_read_as_a_list_and_as_text() -> None:
    assert SolicitationReview(record("1", "solicitation_review", {"tags": "a, b,"})).tags == ["a", "b"]
    assert SolicitationReview(record("1", "solicitation_review", {"tags": ["a", 1]})).tags == ["a"]


def test_references_are_read_as_numbers_and_as_text() -> None:
    assert Task(record("tasks", "Task", {"audit_session_id": "17"})).audit_session_id == 17
    assert Task(record("tasks", "Task", {"audit_session_id": "x"})).audit_session_id is None
