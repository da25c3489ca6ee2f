"""Input that is meant to harm: a clear 4xx problem that names field and rule, and nothing stored."""

import base64
from typing import Any

import orjson
import pytest

from application.kernel import paging
from application.kernel.paging import Cursor
from application.labs.views import LabFilter
from tests.support.served import API, Keeper, assert_problem

WORKERS = f"{API}/workers/region/x/workers"
ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def nothing_is_stored(keeper: Keeper) -> Any:
    head = keeper.app.log_head()
    yield
    assert keeper.app.log_head() == head


@pytest.mark.parametrize(
    "query",
    [
        *("state[$ne]=x", "state%5B%24ne%5D=x", "$where=1", "state.$gt=", "q[$regex]=.*", "filter={}", "sort[$gt]=1"),
        *("limit[]=1", "state=a&state=b", "q=%00", "state=a%00b", "q=%ff", "q=%ED%A0%80", "cursor=%00", "limit=1e3"),
        *("limit=-1", "limit=99999999999999999999", "region=" + "x" * 65, "worker=" + ID + "'", "q=" + "x" * 201),
        "&".join(f"a{number}=1" for number in range(200)),
    ],
)
def test_operators_and_unstorable_text_in_a_query_are_422(keeper: Keeper, query: str) -> None:
    problem = assert_problem(keeper.http.get(f"{API}/labs?{query}"), 422)
    assert problem["errors"][0].keys() == {"field", "rule"}


def test_operator_like_values_are_plain_values(keeper: Keeper) -> None:
    for value in ("$ne", '{"$ne": null}', "$where", "';return true;//"):
        for name in ("state", "region", "owner", "q"):
            answer = keeper.http.get(f"{API}/labs", params={name: value})
            assert (answer.status_code, answer.json()["items"]) == (200, [])


BODY = {"name": "n", "endpoint_url": "http://127.0.0.1:9", "username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("name", {"name": {"$ne": 1}}),
        ("name", {"name": 1}),
        ("name", {"name": ""}),
        ("name", {"name": "   "}),
        ("name", {"name": "x" * 129}),
        ("name", {"name": None}),
        ("active", {"active": "true"}),
        ("active", {"active": 1}),
        ("verify_tls", {"verify_tls": "no"}),
        ("max_history_size", {"max_history_size": 0}),
        ("max_history_size", {"max_history_size": 1001}),
        ("max_history_size", {"max_history_size": 1.5}),
        ("max_history_size", {"max_history_size": 10**30}),
        ("password", {"password": ""}),
        ("username", {"username": ["a"]}),
        ("$set", {"$set": {"active": True}}),
        ("worker_id", {"worker_id": ID}),
        ("version", {"version": 1}),
    ],
)
def test_a_body_is_taken_at_its_word(keeper: Keeper, field: str, change: dict[str, Any]) -> None:
    problem = assert_problem(keeper.http.post(WORKERS, json={**BODY, **change}), 422)
    assert any(field in error["field"] for error in problem["errors"]), problem


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"name": NaN}', b"{} {}"),
        *(b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
        b'{"name":"a\\u0000","endpoint_url":"http://127.0.0.1:9","username":"u","password":"p"}',
        b'{"name":"\\ud800","endpoint_url":"http://127.0.0.1:9","username":"u","password":"p"}',
        b'{"name":"n","endpoint_url":"http://127.0.0.1:9","username":"\\udfff","password":"p"}',
    ],
)
def test_a_broken_or_unstorable_body_is_refused(keeper: Keeper, raw: bytes) -> None:
    answer = keeper.http.post(WORKERS, content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422), answer.text
    assert_problem(answer, answer.status_code)
    assert "Traceback" not in answer.text


def test_an_oversize_body_is_413_and_another_type_is_refused(keeper: Keeper) -> None:
    large = keeper.http.post(WORKERS, json={**BODY, "name": "x" * (9 << 20)})
    assert_problem(large, 413, "body-too-large")
    form = keeper.http.post(WORKERS, data=BODY)
    assert_problem(form, 415, "unsupported-media-type")


def test_a_body_nested_too_deep_says_so(keeper: Keeper) -> None:
    headers = {"Content-Type": "application/json"}
    answer = keeper.http.post(WORKERS, content=b"[" * 200_000, headers=headers)
    assert "nested too deep" in assert_problem(answer, 400, "nested-too-deep")["detail"]


@pytest.mark.parametrize(
    "path",
    [
        *(f"/labs/{ID}", f"/labs/{ID}.", f"/labs/{ID}.a%00b", f"/labs/{ID}.a%2f..", f"/labs/{ID}.{'x' * 65}"),
        *(f"/labs/{ID.upper()}.x/history", "/labs/$where", "/labs/%7B%22$ne%22:1%7D", "/labs/..%2f..%2fetc"),
        *("/workers/region/x/workers/1", f"/workers/region/x/workers/{ID}%0a", f"/workers/region/{'x' * 65}/workers"),
        *("/jobs/LABS/runs", "/jobs/a.b/runs", "/subscriptions/$x/parked", "/jobs/labs-refresh/runs/%00"),
        f"/workers/region/%00/workers/{ID}",
    ],
)
def test_bad_ids_are_refused(keeper: Keeper, path: str) -> None:
    answer = keeper.http.get(API + path)
    assert answer.status_code in (404, 422), answer.text
    assert_problem(answer, answer.status_code)


@pytest.mark.parametrize(
    "values",
    [
        [10**18 * 10, "x"],
        [-(10**19), "x"],
        ["x", 1],
        ["x"],
        [],
        [{"at": "nonsense"}, "x"],
        [{"$gt": ""}, "x"],
        [{"at": "0001-01-01T00:00:00+14:00"}, "x"],
        [{"at": "2026-01-01T00:00:00"}, "x"],
        [[1], "x"],
        "text",
        7,
    ],
)
def test_a_forged_cursor_is_422_or_finds_nothing_by_force(keeper: Keeper, values: Any) -> None:
    """The digest keeps lists apart, it is no secret: whoever computes it must not get further than to a refusal."""
    scope = f"labs {LabFilter()} modified"
    try:
        body = orjson.dumps(values)
    except TypeError:
        body = str(values).replace("'", '"').encode()
    text = base64.urlsafe_b64encode(paging._digest(body, scope) + body).rstrip(b"=").decode()
    answer = keeper.http.get(f"{API}/labs", params={"sort": "modified", "cursor": text})
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 422:
        assert assert_problem(answer, 422)["errors"][0]["field"] == "cursor"


def test_a_cursor_of_another_list_is_422(keeper: Keeper) -> None:
    cursor = Cursor.encode(["a", ID], "workers other None")
    for path in (WORKERS, f"{API}/labs", f"{API}/jobs/labs-refresh/runs", f"{API}/subscriptions/lab-alerts/parked"):
        assert_problem(keeper.http.get(path, params={"cursor": cursor}), 422)


@pytest.mark.parametrize(
    "url",
    [
        *("http://169.254.169.254/latest", "http://2852039166", "http://0xa9fea9fe", "http://0251.0376.0251.0376"),
        *("http://[::ffff:169.254.169.254]", "http://[::ffff:a9fe:a9fe]", "http://[fe80::1]", "http://[fd00:ec2::254]"),
        *("http://169.254.1.1:8080", "http://100.100.100.200", "http://0.0.0.0", "http://[::]", "http://224.0.0.1"),
        *("http://[64:ff9b::a9fe:a9fe]", "http://255.255.255.255", "http://169.254.169.254.", "HTTP://169.254.169.254"),
        *("ftp://127.0.0.1", "file:///etc/passwd", "gopher://127.0.0.1", "javascript:alert(1)", "//127.0.0.1", "x"),
        *("http://user:pw@127.0.0.1", "http://127.0.0.1@169.254.169.254", "http://", "http://127.0.0.1:99999"),
        *("http://127.0.0.1:0", "http://127.0.0.1?x=1", "http://127.0.0.1#x", "http://127.0.0.1\\@169.254.169.254"),
        *(
            "http://a b",
            "http://127.0.0.1/\r\nX: y",
            "http://" + "a" * 2100,
            "http://[",
            "http://[::1",
            "http://127.0.0.1:x",
        ),
    ],
)
def test_an_endpoint_that_may_not_be_called_is_422_naming_field_and_rule(keeper: Keeper, url: str) -> None:
    problem = assert_problem(keeper.http.post(WORKERS, json={**BODY, "endpoint_url": url}), 422)
    assert problem["errors"][0]["field"] == "endpoint_url"
    assert problem["errors"][0]["rule"]
    assert "pw" not in problem["detail"]
