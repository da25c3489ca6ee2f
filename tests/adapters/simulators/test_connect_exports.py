"""The simulated Connect exports its lists as the real one does: CSV of Python's making, JSON in pages."""

import ast
import csv
from io import StringIO
from typing import Any

import httpx
import pytest

from tests.support.connect import ConnectFactory, ConnectSimulator

V2 = {"accept": "application/json; version=2.0"}
VISITS = "opportunity/814/user_visits/"


def _csv(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(StringIO(answer.text, newline="")))


def test_everybody_sees_what_they_are_a_member_of(connect: ConnectSimulator) -> None:
    def seen(username: str) -> dict[str, list[int]]:
        told = connect.export("GET", "opp_org_program_list/", username).json()
        assert set(told) == {"organizations", "opportunities", "programs"}
        return {kind: [one["id"] for one in entries] for kind, entries in told.items()}

    assert seen("asha") == {"organizations": [7], "opportunities": [814, 815], "programs": []}
    assert seen("brian") == {"organizations": [5], "opportunities": [814, 815], "programs": [12]}
    assert seen("chidi") == {"organizations": [9], "opportunities": [901, 902], "programs": [14]}
    assert seen("eve") == {"organizations": [], "opportunities": [], "programs": []}


def test_an_opportunity_is_described_to_members_only(connect: ConnectSimulator) -> None:
    told = connect.export("GET", "opportunity/814/", "brian").json()
    assert told["deliver_app"]["passing_score"] == -1
    assert told["organization"] == "lwala"
    assert connect.export("GET", "opportunity/814/", "chidi").status_code == 404
    assert connect.export("POST", "opportunity/814/", "asha", json={}).status_code == 405


def test_version_1_is_csv_with_pythons_cells(connect: ConnectSimulator) -> None:
    answer = connect.export("GET", VISITS, "asha")
    rows = _csv(answer)
    assert answer.text.split("\n", 1)[0].endswith("\r")
    assert "content-length" not in answer.headers
    assert len(rows) == 30
    assert list(rows[0])[:3] == ["id", "opportunity_id", "username"]
    assert "images" not in rows[0]
    assert ast.literal_eval(rows[0]["form_json"])["form"]["@name"] == "Visit"
    assert {row["flagged"] for row in rows} == {"True", "False"}
    assert rows[0]["reason"] == ""
    assert "\n" in rows[6]["reason"]


def test_version_2_is_the_same_as_json(connect: ConnectSimulator) -> None:
    told = connect.export("GET", VISITS, "asha", headers=V2, params={"images": "true"}).json()
    assert told["next"] is None
    assert len(told["results"]) == 30
    assert told["results"][0]["form_json"]["form"]["@name"] == "Visit"
    assert told["results"][0]["images"][0]["parent_id"] == told["results"][0]["form_json"]["id"]
    rows = _csv(connect.export("GET", VISITS, "asha", params={"images": "true"}))
    assert [row["id"] for row in rows] == [str(row["id"]) for row in told["results"]]
    assert list(rows[0]) == list(told["results"][0])


def test_next_repeats_the_other_parameters(connect: ConnectSimulator) -> None:
    params: Any = {"page_size": "12", "x": ["1", "2"], "images": "true"}
    page = connect.export("GET", VISITS, "asha", headers=V2, params=params).json()
    link = httpx.URL(page["next"])
    assert str(link).startswith(connect.url)
    assert link.params.get_list("x") == ["1", "2"]
    assert link.params["last_id"] == str(page["results"][-1]["id"])
    ids = [row["id"] for row in page["results"]]
    while page["next"]:
        page = connect.export("GET", page["next"].split("/export/")[1], "asha", headers=V2).json()
        ids += [row["id"] for row in page["results"]]
    assert ids == sorted(set(ids))
    assert len(ids) == 30


def test_pages_go_backwards_too(connect: ConnectSimulator) -> None:
    params = {"page_size": "20", "cursor_order": "reverse"}
    first = connect.export("GET", VISITS, "asha", headers=V2, params=params).json()
    second = connect.export("GET", first["next"].split("/export/")[1], "asha", headers=V2).json()
    ids = [row["id"] for row in (*first["results"], *second["results"])]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 30


def test_a_page_has_at_most_5000(connect_factory: ConnectFactory) -> None:
    connect = connect_factory(visits=5_003)
    page = connect.export("GET", VISITS, "asha", headers=V2, params={"page_size": "9999"}).json()
    assert len(page["results"]) == 5_000
    assert len(connect.export("GET", VISITS, "asha", headers=V2).json()["results"]) == 1_000


@pytest.mark.parametrize(
    "params",
    [{"page_size": "0"}, {"page_size": "-1"}, {"page_size": "x"}, {"last_id": "0"}, {"cursor_order": "sideways"}],
)
def test_bad_paging_is_400(connect: ConnectSimulator, params: dict[str, str]) -> None:
    answer = connect.export("GET", VISITS, "asha", headers=V2, params=params)
    assert answer.status_code == 400
    assert answer.json().keys() == params.keys()


@pytest.mark.parametrize(
    ("accept", "path", "status"),
    [
        ("*/*", VISITS, 200),
        ("application/json", VISITS, 200),
        ("text/csv", VISITS, 406),
        ("application/json; version=3.0", VISITS, 406),
        ("application/json; version=3.0", "labs_record/", 406),
        ("application/json", "opportunity/814/task_types/", 406),
        ("application/json; version=2.0", "opportunity/814/task_types/", 200),
        ("application/json; version=2.0", "labs_record/", 200),
    ],
)
def test_what_can_be_answered_is_negotiated(connect: ConnectSimulator, accept: str, path: str, status: int) -> None:
    assert connect.export("GET", path, "asha", headers={"accept": accept}).status_code == status


def test_workers_and_modules_have_their_columns(connect: ConnectSimulator) -> None:
    workers = _csv(connect.export("GET", "opportunity/814/user_data/", "asha"))
    assert list(workers[0])[-1] == "claim_limits"
    assert workers[0]["user_invite_status"] == ""
    modules = connect.export("GET", "opportunity/814/completed_module/", "asha", headers=V2).json()["results"]
    assert any(" " in module["duration"] for module in modules)
    one = connect.export("GET", "opportunity/814/completed_module/", "asha", headers=V2, params={"username": "flw_02"})
    assert {module["username"] for module in one.json()["results"]} == {"flw_02"}


def test_lists_of_others_are_404(connect: ConnectSimulator) -> None:
    for name in ("user_data", "user_visits", "completed_module"):
        assert connect.export("GET", f"opportunity/901/{name}/", "asha").status_code == 404
    assert connect.client.get(f"/export/{VISITS}").status_code == 401
