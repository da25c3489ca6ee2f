"""Every error is a problem document that tells what the caller can do and nothing of the inside."""

import gzip
import logging

import httpx
import pytest

from tests.http.kernel.toy import bearer, client_of, toy_app


def problem(answer: httpx.Response, status: int, name: str) -> dict[str, object]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, object] = answer.json()
    assert document["type"] == f"https://labkeeper.dev/problems/{name}"
    assert document["status"] == status
    assert {"title", "detail", "instance"} <= document.keys()
    return document


async def test_what_the_router_refuses_is_a_problem() -> None:
    async with client_of(toy_app()) as client:
        problem(await client.get("/nowhere"), 404, "not-found")
        answer = await client.put("/api/v1/toys", headers=bearer())
        problem(answer, 405, "method-not-allowed")
        assert "GET" in answer.headers["allow"] or "POST" in answer.headers["allow"]


async def test_invalid_input_names_field_and_rule_and_never_the_value() -> None:
    async with client_of(toy_app()) as client:
        answer = await client.post(
            "/api/v1/toys", json={"name": 5, "count": "hunter2", "pa\x00ss": "hunter2"}, headers=bearer()
        )
        document = problem(answer, 422, "invalid-value")
        assert "hunter2" not in answer.text
        assert document["errors"]
        answer = await client.post("/api/v1/toys", json={"name": "x", "count": "hunter2", "new": 1}, headers=bearer())
        fields = {error["field"] for error in problem(answer, 422, "invalid-value")["errors"]}  # type: ignore[attr-defined]
        assert fields == {"count", "new"}


@pytest.mark.parametrize(
    ("body", "status", "name"),
    [
        (b"{", 400, "malformed-json"),
        (b"\xff", 400, "malformed-json"),
        (b"[" * 1900, 400, "nested-too-deep"),
        (b'{"name":"\\ud800"}', 422, "invalid-value"),
        (b'{"\\ud800":"x"}', 422, "invalid-value"),
        (b'{"name":"a\\u0000b"}', 422, "invalid-value"),
        (b"[]", 422, "invalid-value"),
        (b"null", 422, "invalid-value"),
        (b"", 422, "invalid-value"),
        (b'{"name":"x","count":1e400}', 422, "invalid-value"),
        (b'{"name":"x","count":NaN}', 422, "invalid-value"),
        (b'{"name":"x","count":true}', 422, "invalid-value"),
    ],
)
async def test_hostile_bodies_are_refused(body: bytes, status: int, name: str) -> None:
    async with client_of(toy_app()) as client:
        headers = {**bearer(), "content-type": "application/json"}
        problem(await client.post("/api/v1/toys", content=body, headers=headers), status, name)


async def test_a_body_that_is_not_said_to_be_json_is_415_and_names_what_is_wanted() -> None:
    async with client_of(toy_app()) as client:
        for media_type in ("", "text/plain", "application/x-www-form-urlencoded", "application/json, text/plain"):
            headers = {**bearer(), **({"content-type": media_type} if media_type else {})}
            answer = await client.post("/api/v1/toys", content=b'{"name":"x"}', headers=headers)
            assert "application/json" in str(problem(answer, 415, "unsupported-media-type")["detail"])
            assert answer.headers["accept"] == "application/json"
        for media_type in ("application/json", "Application/JSON; charset=utf-8", "application/merge-patch+json"):
            headers = {**bearer(), "content-type": media_type}
            assert (await client.post("/api/v1/toys", content=b'{"name":"x"}', headers=headers)).status_code == 201
        problem(await client.post("/api/v1/toys", content=b"x"), 401, "unauthenticated")


async def test_an_encoded_body_is_415() -> None:
    async with client_of(toy_app()) as client:
        headers = {**bearer(), "content-type": "application/json", "content-encoding": "gzip"}
        answer = await client.post("/api/v1/toys", content=gzip.compress(b'{"name":"x"}'), headers=headers)
        assert "Content-Encoding" in str(problem(answer, 415, "unsupported-media-type")["detail"])
        assert answer.headers["accept-encoding"] == "identity"
        headers["content-encoding"] = "identity"
        assert (await client.post("/api/v1/toys", content=b'{"name":"x"}', headers=headers)).status_code == 201


async def test_an_unexpected_error_says_nothing_to_the_caller_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with client_of(toy_app()) as client:
        for answer in (
            await client.get("/api/v1/toys/boom", headers=bearer()),
            await client.post("/api/v1/toys", json={"name": "bug"}, headers=bearer()),
        ):
            problem(answer, 500, "internal-server-error")
            assert "secret" not in answer.text
    surprises = [record for record in caplog.records if record.exc_info]
    assert [record.exc_info[0] for record in surprises if record.exc_info] == [MemoryError, ZeroDivisionError]


async def test_an_outage_is_503_and_a_refusal_keeps_its_members() -> None:
    async with client_of(toy_app()) as client:
        answer = await client.post("/api/v1/toys", json={"name": "unavailable"}, headers=bearer())
        problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"] == "3"
        answer = await client.post("/api/v1/toys", json={"name": "soon"}, headers=bearer())
        assert problem(answer, 429, "too-many-requests")["retry_after_seconds"] == 4.2
        assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("colour=red", "colour"),
        ("state[$ne]=x", "state[$ne]"),
        ("state=a&state=b", "state"),
        ("state=a%00b", "state"),
        ("state=%ff", "query"),
        ("state=%ed%a0%80", "query"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("cursor=rubbish", "cursor"),
        ("cursor=%C3%A9", "cursor"),
        ("cursor=", "cursor"),
    ],
)
async def test_a_query_string_that_does_not_fit_is_refused_by_name(query: str, field: str) -> None:
    async with client_of(toy_app()) as client:
        answer = await client.get(f"/api/v1/toys?{query}", headers=bearer())
        if query == "cursor=":
            assert answer.status_code == 200
            return
        document = problem(answer, 422, "unknown-parameter" if field in ("colour", "state[$ne]") else "invalid-value")
        assert document["errors"][0]["field"] == field  # type: ignore[index]


async def test_a_declared_list_parameter_may_be_repeated_and_pages_follow_each_other() -> None:
    async with client_of(toy_app()) as client:
        first = (await client.get("/api/v1/toys?limit=2&tag=a&tag=b&state=x", headers=bearer())).json()
        assert first["items"] == [1, 2]
        following = {"limit": "2", "state": "x", "cursor": first["next_cursor"]}
        assert (await client.get("/api/v1/toys", params=following, headers=bearer())).json()["items"] == [3, 4]
        following["state"] = "y"
        problem(await client.get("/api/v1/toys", params=following, headers=bearer()), 422, "invalid-value")


async def test_answers_carry_position_and_correlation_id_and_the_actor_is_known(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "labkeeper.access")
    async with client_of(toy_app()) as client:
        headers = {**bearer(subject="grace"), "X-Correlation-ID": "abc-1"}
        answer = await client.post("/api/v1/toys", json={"name": "top"}, headers=headers)
        assert (answer.status_code, answer.json()) == (201, {"name": "top", "actor": "grace"})
        assert answer.headers["x-position"] == "toys:1"
        assert answer.headers["x-correlation-id"] == "abc-1"
        await client.get("/api/v1/toys?state=hush", headers={**bearer(), "X-Correlation-ID": "bad id\t"})
    assert "hush" not in caplog.text
    assert caplog.records[-1].correlation_id != "bad id\t"  # type: ignore[attr-defined]


async def test_conditional_requests() -> None:
    async with client_of(toy_app()) as client:

        async def ask(**headers: str) -> httpx.Response:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return await client.get("/api/v1/toys/versioned", headers={**bearer(), **named})

        answer = await ask()
        assert answer.headers["etag"] == '"3"'
        assert (await ask(If_None_Match='"1", W/"3"')).status_code == 304
        assert (await ask(If_None_Match='"1"')).status_code == 200
        assert (await ask(If_Match='"7"')).json() == {"version": 7}
        problem(await ask(If_Match='W/"7"'), 412, "precondition-failed")
        problem(await ask(If_Match="seven"), 400, "malformed-header")


async def test_the_description_has_one_problem_schema_and_says_who_may() -> None:
    async with client_of(toy_app()) as client:
        document = (await client.get("/api/v1/openapi.json")).json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    make = document["paths"]["/api/v1/toys"]["post"]
    assert make["x-required-role"] == "manager"
    assert make["description"] == "Make a toy."
    assert {"4XX", "5XX"} <= make["responses"].keys()
    assert "security" not in document["paths"]["/api/v1/toys/open"]["get"]
