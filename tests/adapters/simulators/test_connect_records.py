"""The simulated Connect keeps records by the rules of the real one, its surprises included."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.connect import RECORDS, ConnectFactory, ConnectSimulator, a_record

NEW = {"experiment": "tasks", "type": "Task", "data": {"title": "t"}}


def _ids(answer: httpx.Response) -> set[int]:
    assert answer.status_code == 200, answer.text
    return {record["id"] for record in answer.json()}


def _get(connect: ConnectSimulator, username: str = "asha", /, **params: Any) -> httpx.Response:
    return connect.export("GET", "labs_record/", username, params=params)


def _post(connect: ConnectSimulator, said: Any, username: str = "asha") -> httpx.Response:
    return connect.export("POST", "labs_record/", username, json=said)


def _delete(connect: ConnectSimulator, said: Any, username: str = "asha") -> httpx.Response:
    return connect.export("DELETE", "labs_record/", username, json=said)


@pytest.fixture
def some(connect: ConnectSimulator) -> ConnectSimulator:
    connect.set_records(
        [
            a_record(1, data={"status": "open", "count": 5, "flag": True, "title": "Call", "deep": {"a": ["x", "y"]}}),
            a_record(2, data={"status": "closed", "count": "5"}, opportunity_id=815),
            a_record(3, opportunity_id=None, program_id=12, username="brian"),
            a_record(4, program_id=12, type="Other"),
            a_record(5, opportunity_id=None, public=True, username=None),
            a_record(6, opportunity_id=901, username="chidi", public=True),
            a_record(7, opportunity_id=None, username=None),
        ]
    )
    return connect


def test_a_record_is_serialised_with_all_its_columns(some: ConnectSimulator) -> None:
    (record,) = _get(some, opportunity_id=815).json()
    assert record == a_record(2, data={"status": "closed", "count": "5"}, opportunity_id=815)
    assert list(record) == list(a_record())


def test_the_first_scope_of_three_decides_and_the_others_narrow(some: ConnectSimulator) -> None:
    assert _ids(_get(some, opportunity_id=814)) == {1, 4}
    assert _ids(_get(some, opportunity_id=814, program_id=12)) == {4}
    assert _ids(_get(some, "brian", program_id=12)) == {3, 4}
    assert _get(some, program_id=12).status_code == 404
    assert _get(some, "chidi", opportunity_id=814).status_code == 404
    assert _get(some, opportunity_id=999).json() == {"detail": "Not found."}


def test_without_a_scope_only_public_records_are_read(some: ConnectSimulator) -> None:
    assert _ids(_get(some)) == {5, 6}
    assert _ids(_get(some, "eve")) == {5, 6}
    assert _ids(_get(some, public="False")) == set()


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("id", "4", {4}),
        ("type", "Other", {4}),
        ("experiment__startswith", "ta", {1, 4}),
        ("user__username", "asha", {1, 4}),
        ("data__status", "open", {1}),
        ("data__status__icontains", "OP", {1}),
        ("data__deep__a__1", "y", {1}),
        ("data__count", "5", set()),
        ("data__flag", "true", set()),
        ("data__count__icontains", "5", {1}),
        ("public", "False", {1, 4}),
        ("id__gt", "1", {4}),
        ("labs_record_id", "1", set()),
    ],
)
def test_every_parameter_is_a_lookup(some: ConnectSimulator, name: str, value: str, found: set[int]) -> None:
    assert _ids(_get(some, opportunity_id=814, **{name: value})) == found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("username", "asha"),
        ("public", "true"),
        ("id", "four"),
        ("opportunity_id", "abc"),
        ("opportunity_id", "--5"),
        ("type__regex", "("),
        ("colour", "red"),
        ("type__magic", "x"),
        ("labs_record_id", "x"),
        ("id__in", "1,2"),
        ("data__count__isnull", "True"),
    ],
)
def test_a_lookup_that_cannot_be_is_an_html_crash(some: ConnectSimulator, name: str, value: str) -> None:
    answer = _get(some, **{"opportunity_id": 814, name: value})
    assert answer.status_code == 500
    assert answer.headers["content-type"].startswith("text/html")


def test_an_insert_answers_a_list_with_200_and_defaults(connect: ConnectSimulator) -> None:
    answer = _post(connect, {**NEW, "opportunity_id": 814, "username": "asha"})
    assert answer.status_code == 200
    (record,) = answer.json()
    assert record == a_record(record["id"], data={"title": "t"})


def test_an_update_changes_only_what_it_names(some: ConnectSimulator) -> None:
    (record,) = _post(some, [{"id": 4, "data": {"new": 1}, "username": None}]).json()
    assert record == a_record(4, program_id=12, type="Other", data={"new": 1})


def test_records_come_back_in_the_order_of_the_items(some: ConnectSimulator) -> None:
    told = _post(some, [{**NEW, "opportunity_id": 814}, {"id": 2, "type": "X"}, {"id": 1, "type": "Y"}]).json()
    assert [record["type"] for record in told] == ["Task", "X", "Y"]
    assert [record["id"] for record in told][1:] == [2, 1]


def test_an_unknown_id_is_created_under_a_scope_and_404_without(connect: ConnectSimulator) -> None:
    assert _post(connect, {**NEW, "id": 77, "opportunity_id": 814}).json()[0]["id"] == 77
    assert _post(connect, {**NEW, "id": 78}).status_code == 404


def test_an_id_with_an_own_scope_moves_a_foreign_record(some: ConnectSimulator) -> None:
    assert _post(some, {"id": 6, "type": "Task"}).status_code == 404
    assert _post(some, {"id": 6, "opportunity_id": 814}).status_code == 200
    assert 6 in _ids(_get(some, opportunity_id=814))


def test_a_record_without_a_scope_belongs_to_everybody(some: ConnectSimulator) -> None:
    assert _post(some, {"id": 7, "type": "Mine"}, "eve").status_code == 200
    assert _post(some, NEW, "eve").status_code == 200
    assert _delete(some, [{"id": 7}], "chidi").status_code == 200


@pytest.mark.parametrize(
    "bad",
    [
        {**NEW, "colour": "red"},
        {**NEW, "username": "nobody"},
        {"experiment": "tasks", "type": "Task"},
        {**NEW, "data": None},
        {**NEW, "type": "x" * 256},
        {**NEW, "labs_record_id": 999_999},
        {**NEW, "public": "maybe"},
    ],
)
def test_a_bad_item_crashes_and_takes_the_whole_batch_along(some: ConnectSimulator, bad: dict[str, Any]) -> None:
    before = some.records()
    assert _post(some, [{**NEW, "opportunity_id": 814}, {"id": 1, "type": "X"}, bad]).status_code == 500
    assert some.records() == before


def test_a_batch_with_one_foreign_scope_is_404_as_a_whole(some: ConnectSimulator) -> None:
    before = some.records()
    assert _post(some, [{**NEW, "opportunity_id": 814}, {**NEW, "program_id": 14}]).status_code == 404
    assert _post(some, [{**NEW, "opportunity_id": 814, "organization_id": 9}]).status_code == 404
    assert some.records() == before


def test_deleting_takes_children_and_answers_nothing(connect: ConnectSimulator) -> None:
    connect.set_records([a_record(1), a_record(2, labs_record_id=1), a_record(3, labs_record_id=2), a_record(4)])
    answer = _delete(connect, [{"id": 1}])
    assert (answer.status_code, answer.content) == (200, b"")
    assert [record["id"] for record in connect.records()] == [4]


def test_a_foreign_or_missing_id_deletes_nothing(some: ConnectSimulator) -> None:
    assert _delete(some, [{"id": 1}, {"id": 6}]).status_code == 404
    assert _delete(some, [{"id": 1}, {"id": 99}]).status_code == 404
    assert len(some.records()) == 7


def test_a_foreign_id_under_an_own_scope_is_skipped_silently(some: ConnectSimulator) -> None:
    assert _delete(some, [{"id": 6, "opportunity_id": 814}]).status_code == 200
    assert len(some.records()) == 7


def test_what_is_no_json_is_400_and_what_is_no_method_405(connect: ConnectSimulator) -> None:
    assert connect.export("POST", "labs_record/", "asha", content=b"{").status_code == 400
    assert connect.export("POST", "labs_record/", "asha", content=b'{"data": NaN}').status_code == 400
    assert connect.export("PUT", "labs_record/", "asha", json={}).status_code == 405
    assert connect.export("PATCH", "labs_record/", "asha", json={}).status_code == 405


def test_a_token_must_be_there_with_the_scope_and_a_user(connect: ConnectSimulator) -> None:
    assert connect.client.get(RECORDS).status_code == 401
    assert connect.client.get(RECORDS, headers={"authorization": "Bearer invented"}).status_code == 401
    bearer = {"authorization": f"Bearer {connect.token('asha', 'openid')}"}
    assert connect.client.get(RECORDS, headers=bearer).status_code == 403
    client = (connect.client_id, connect.client_secret)
    told = connect.client.post("/o/token/", data={"grant_type": "client_credentials", "scope": "export"}, auth=client)
    bearer = {"authorization": f"Bearer {told.json()['access_token']}"}
    assert connect.client.get(RECORDS, headers=bearer).status_code == 403


def test_removing_a_user_takes_their_records(connect_factory: ConnectFactory) -> None:
    connect = connect_factory()
    connect.set_records([a_record(1, username="chidi"), a_record(2)])
    assert connect.client.delete("/__users__/chidi").status_code == 204
    assert [record["id"] for record in connect.records()] == [2]


def test_a_restart_with_a_state_file_keeps_records_and_tokens(connect_factory: ConnectFactory, tmp_path: Path) -> None:
    before = connect_factory(state_file=tmp_path / "state.json")
    token = before.token("asha")
    bearer = {"authorization": f"Bearer {token}"}
    (made,) = before.client.post(RECORDS, json={**NEW, "opportunity_id": 814}, headers=bearer).json()
    port = before.port
    before.stop()
    after = connect_factory(state_file=tmp_path / "state.json", port=port)
    assert after.client.get(RECORDS, params={"opportunity_id": 814}, headers=bearer).json() == [made]
    assert _post(after, {**NEW, "opportunity_id": 814}).json()[0]["id"] > made["id"]


def test_numbers_beyond_64_bits_are_kept(connect_factory: ConnectFactory, tmp_path: Path) -> None:
    data = {"n": 2**64, "negative": -(10**30), "x": 1.5}
    before = connect_factory(state_file=tmp_path / "state.json")
    made = _post(before, {**NEW, "opportunity_id": 814, "data": data})
    assert (made.status_code, made.json()[0]["data"]) == (200, data)
    before.set_faults({"kind": "half_listing", "path": RECORDS})
    _post(before, {**NEW, "opportunity_id": 814})
    assert [one["data"] for one in _get(before, opportunity_id=814).json()] == [data]
    before.stop()
    after = connect_factory(state_file=tmp_path / "state.json")
    assert [one["data"] for one in _get(after, opportunity_id=814, id=made.json()[0]["id"]).json()] == [data]


def test_the_same_seed_brings_the_same_records(connect_factory: ConnectFactory) -> None:
    first, second, other = connect_factory(records=9), connect_factory(records=9), connect_factory(records=9, seed=2)
    assert first.records() == second.records() != other.records()
    assert {record["type"] for record in first.records()} == {"Task", "solicitation"}


def test_control_is_there_only_when_it_is_allowed(connect: ConnectSimulator) -> None:
    assert connect.calls(forget=True) == {}
    _get(connect)
    assert connect.calls() == {"GET /export/labs_record/": 1}


@pytest.mark.parametrize(("kind", "stored"), [("drop_before", 0), ("drop_after", 1), ("drop_midway", 1)])
def test_a_dropped_write_took_effect_or_not(connect: ConnectSimulator, kind: str, stored: int) -> None:
    connect.set_faults({"kind": kind, "path": RECORDS, "method": "POST", "times": 1})
    with pytest.raises(httpx.TransportError):
        _post(connect, {**NEW, "opportunity_id": 814})
    assert len(connect.records()) == stored
    assert _post(connect, {**NEW, "opportunity_id": 814}).status_code == 200


def test_faults_strike_where_and_as_often_as_they_are_told(connect: ConnectSimulator) -> None:
    connect.set_faults(
        {"kind": "status", "status": 503, "retry_after": "7", "path": RECORDS, "after": 1, "times": 1},
        {"kind": "truncated", "path": "/export/opp_org_program_list/"},
        {"kind": "token_expires", "path": "/export/opportunity/*", "username": "asha"},
    )
    assert _get(connect).status_code == 200
    assert _get(connect).headers["retry-after"] == "7"
    assert _get(connect).status_code == 200
    with pytest.raises(ValueError):
        connect.export("GET", "opp_org_program_list/", "asha").json()
    assert connect.export("GET", "opportunity/814/", "asha").status_code == 401
    assert connect.export("GET", "opportunity/814/", "brian").status_code == 200
    assert connect.client.post("/__faults__", json={"faults": [{"kind": "gremlins"}]}).status_code == 400
