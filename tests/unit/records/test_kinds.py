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
from domain.records.kinds.solicitation_review import SOLICITATION_REVIEW, SolicitationReview
from domain.records.kinds.task import Task
from domain.records.values import LabsRecord

OWNER, SHARED = ExperimentSpelling.OWNER, ExperimentSpelling.SHARED
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


CONTRACT = {
    ("audit", "AuditSession"): "title tag status overall_result notes kpi_notes visit_ids visit_results visit_images "
    "image_count related_fields criteria description opportunity_id opportunity_name",
    ("audit", "AuditCreationJob"): "task_id title status criteria opportunities progress result error created_at "
    "updated_at",
    ("tasks", "Task"): "title description priority status username flw_name user_id opportunity_id assigned_to_type "
    "assigned_to_name audit_session_id workflow_run_id resolution_details events",
    ("workflow", "workflow_definition"): "name description version statuses config pipeline_sources is_shared "
    "shared_scope",
    ("workflow", "workflow_render_code"): "definition_id component_code version",
    ("workflow", "workflow_run"): "definition_id period_start period_end status state created_at snapshot",
    ("workflow", "workflow_chat_history"): "definition_id messages",
    ("pipeline", "pipeline_definition"): "name description version schema is_shared shared_scope render_code_id",
    ("pipeline", "pipeline_render_code"): "definition_id component_code version",
    ("pipeline", "pipeline_chat_history"): "definition_id messages",
    ("12", "solicitation"): "title description scope_of_work solicitation_type status is_public questions "
    "evaluation_criteria application_deadline expected_start_date expected_end_date estimated_scale contact_email "
    "created_by program_name fund_id",
    ("9", "solicitation_response"): "solicitation_id llo_entity_id llo_entity_name responses status submitted_by_name "
    "submitted_by_email org_id org_name submission_date reward_budget",
    ("9", "solicitation_review"): "response_id score recommendation notes tags reviewer_username criteria_scores "
    "reward_budget review_date",
    ("gates", "fund"): "name funder_slug description total_budget currency org_id program_ids delivery_types status "
    "allocations",
}
"""What the upstream applications write: the fields of data by experiment and type."""


def record(experiment: str, type_: str, data: Any) -> LabsRecord:
    return LabsRecord(id=1, experiment=experiment, type=type_, data=data)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_is_found_by_its_name_and_by_its_key(kind: Any) -> None:
    assert kind_named(kind.name) is kind
    assert kind_of(kind.experiment or "77", kind.type) is kind
    assert kind.includes(record(kind.experiment or "solicitations", kind.type, {}))


def test_kinds_have_the_fields_that_other_applications_write() -> None:
    assert len(KINDS) == len(CONTRACT)
    for (experiment, type_), names in CONTRACT.items():
        view = typed(record(experiment, type_, {}))
        assert view is not None, type_
        fields = {name for name in dir(view) if not name.startswith("_")} - {"record", "data", "fields"}
        assert set(names.split()) <= fields, (type_, set(names.split()) - fields)
        own = {field.name for field in view.fields()}
        assert own <= set(names.split()), (type_, own - set(names.split()))


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
    assert (fund.currency, fund.status) == ("USD", "active")
    assert Fund(record("x", "fund", {"total_budget": 1, "allocations": [{"amount": 2}]})).remaining == 0


def test_tags_are_read_as_a_list_and_as_text() -> None:
    assert SolicitationReview(record("1", "solicitation_review", {"tags": "a, b,"})).tags == ["a", "b"]
    assert SolicitationReview(record("1", "solicitation_review", {"tags": ["a", 1]})).tags == ["a"]
    for good in (["a", "b"], [], "a, b", "", None):
        SOLICITATION_REVIEW.check({"response_id": 1, "tags": good})
    for bad in (5, {"a": 1}, ["a", 1], True):
        with pytest.raises(InvalidRecordError, match=r"data\.tags"):
            SOLICITATION_REVIEW.check({"response_id": 1, "tags": bad})


def test_references_are_read_as_numbers_and_as_text() -> None:
    assert Task(record("tasks", "Task", {"audit_session_id": "17"})).audit_session_id == 17
    assert Task(record("tasks", "Task", {"audit_session_id": "x"})).audit_session_id is None
