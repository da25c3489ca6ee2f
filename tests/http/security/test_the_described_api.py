"""The OpenAPI document says enough, and whatever is generated from it is answered as it says."""

from collections import Counter
from collections.abc import Iterator
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from tests.support.served import API, Keeper, Served

METHODS = ("get", "post", "put", "patch", "delete")


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


@pytest.fixture(scope="module")
def document(app: Served) -> dict[str, Any]:
    described: dict[str, Any] = app.running.app.openapi()
    return described


def test_every_operation_is_described_and_its_errors_are_problems(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert operation.get("summary"), where
        assert operation.get("description"), where
        assert operation.get("tags"), where
        assert operation.get("operationId"), where
        for status, answer in operation["responses"].items():
            assert answer["description"], where
            if status in ("4XX", "5XX"):
                bare = ["application/json"] if path.startswith("/export/") else []
                assert list(answer["content"]) == [*bare, "application/problem+json"], where
        assert {"4XX", "5XX"} <= operation["responses"].keys(), where
        for parameter in operation.get("parameters", ()):
            assert "schema" in parameter, where


def test_every_body_has_an_example_that_fits(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if "requestBody" not in operation:
            continue
        [(media, content)] = operation["requestBody"]["content"].items()
        schema = content["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if media == "multipart/form-data":
            assert all(part.get("description") for part in schema["properties"].values()), f"{method} {path}"
            continue
        examples = schema.get("examples") or content.get("examples")
        assert examples, f"{method} {path}"


def test_field_and_sort_say_that_the_time_of_modification_may_be_old(document: dict[str, Any]) -> None:
    for name in ("LabItem", "LocatedLabItem", "LabDetailsAnswer"):
        assert "May be older" in document["components"]["schemas"][name]["properties"]["modified"]["description"]
    sorts = [one for one in document["paths"][f"{API}/labs"]["get"]["parameters"] if one["name"] == "sort"]
    assert "may be older" in sorts[0]["description"]


def test_every_json_answer_has_a_schema(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            for media, content in answer.get("content", {}).items():
                if media == "application/json":
                    assert content.get("schema"), f"{method} {path} {status}"


def described_headers(document: dict[str, Any], operation: dict[str, Any], status: int) -> set[str]:
    """Return the headers that an answer of an operation may have, in lower case."""
    responses = operation["responses"]
    answer = responses.get(str(status)) or responses[f"{status // 100}XX"]
    names = answer.get("headers", {})
    assert all(header["$ref"] == f"#/components/headers/{name}" for name, header in names.items())
    assert names.keys() <= document["components"]["headers"].keys()
    return {name.lower() for name in names}


def known_records(keeper: Keeper) -> dict[str, str]:
    """Make a public record that is a task and return the path parameters that lead to it."""
    record = {"experiment": "tasks", "type": "Task", "data": {"title": "Call"}, "public": True}
    record_id = str(keeper.http.post(f"{API}/records", json=record).json()["id"])
    return {"record_id": record_id, "task_id": record_id, "kind": "task", "opportunity_id": "1", "write_id": "x"}


def started_import(keeper: Keeper) -> str:
    """Begin an import of one specimen and return its id."""
    row = "SP000001,CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00Z,"
    content = f"specimen_id,assay,machine_id,operator_id,status,error_code,received_at,processed_at\n{row}\n"
    answer = keeper.http.post(f"{API}/specimens/import", files={"file": ("one.csv", content, "text/csv")})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["import_id"])


def is_about_records(path: str) -> bool:
    return path.startswith((f"{API}/records", f"{API}/tasks", "/export"))


def test_headers_that_a_question_may_carry_are_described_where_they_are_heeded(
    keeper: Keeper, document: dict[str, Any]
) -> None:
    worker = keeper.register("eu-west", name="asked about")
    there = {"region": "eu-west", "worker_id": worker.id, "record_id": worker.record_id(1)}
    hook = keeper.http.post(f"{API}/webhooks", json={"url": keeper.cml.url, "event_types": ["*"]}).json()["webhook_id"]
    there |= {"task_id": "labs-refresh", "name": "lab_records", "webhook_id": hook, "delivery_id": "x", "run_id": "x"}
    keeper.http.post(f"{API}/users", json={"username": "asked"})
    keeper.http.post(f"{API}/organizations", json={"slug": "asked", "name": "Asked"})
    there |= {"username": "asked", "slug": "asked"}
    there |= {"metric_name": "tat", "file_name": "machines.csv"}
    there |= {"rule_id": "none", "alert_id": "none", "channel_id": "none", "simulation_id": "none"}
    there |= {"import_id": started_import(keeper), "specimen_id": "SP000001"}
    records = there | known_records(keeper)
    heeded: Counter[str] = Counter()
    for path, method, operation in operations(document):
        if method != "get" or path.endswith("/stream"):
            continue
        described = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "header"}
        assert ("304" in operation["responses"]) == ("If-None-Match" in described)
        for name, value in (("X-Position", "nonsense"), ("If-None-Match", "*")):
            answer = keeper.http.get(
                path.format(**(records if is_about_records(path) else there)), headers={name: value}
            )
            is_heeded = answer.status_code == 304 or (
                answer.status_code == 400 and answer.json()["type"].endswith("malformed-header")
            )
            assert is_heeded == (name in described), f"{path} {name}: {answer.status_code} {answer.text}"
            heeded[name] += is_heeded
    assert heeded == {"X-Position": 22, "If-None-Match": 27}


def test_headers_that_an_answer_may_carry_are_described(keeper: Keeper, document: dict[str, Any]) -> None:
    paths = document["paths"]
    worker = keeper.register("eu-west", name="answered about")
    in_region, one = (f"{API}/workers/region/{{region}}/workers{tail}" for tail in ("", "/{worker_id}"))
    etag, age, labs = {"etag"}, {"age", "last-modified"}, worker.get("/labs")
    synced = keeper.http.get(f"{API}/labs", params={"worker": worker.id})
    keeper.clock.advance(11)
    respond_async = keeper.http.post(f"{worker.path}/labs/refresh", headers={"Prefer": "respond-async"})
    for answer, path, expected in (
        (worker.answer, in_region, {"location", "etag", "x-position"}),
        (worker.get(), one, etag),
        (labs, f"{one}/labs", etag | age),
        (worker.get("/labs", headers={"If-None-Match": labs.headers["etag"]}), f"{one}/labs", etag | age),
        (synced, f"{API}/labs", etag),
        (keeper.http.get(f"{API}/labs/{worker.record_id(1)}"), f"{API}/labs/{{record_id}}", etag | age),
        (respond_async, f"{one}/labs/refresh", {"location", "preference-applied"}),
        (keeper.http.patch(worker.path, json={"name": "other"}), one, {"etag", "x-position"}),
        (worker.refresh(later=0), f"{one}/labs/refresh", {"retry-after"}),
        (keeper.http.delete(worker.path), one, {"x-position"}),
    ):
        operation = paths[path][answer.request.method.lower()]
        described = described_headers(document, operation, answer.status_code)
        assert expected <= answer.headers.keys(), f"{path} {answer.status_code} {answer.headers}"
        assert expected <= described, f"{path} {answer.status_code}"


def test_whatever_is_generated_is_answered_as_described(app: Served, keeper: Keeper, document: dict[str, Any]) -> None:
    worker = keeper.register("eu-west", name="described")
    run = keeper.http.get(f"{API}/jobs/labs-refresh/runs").json()["items"][0]["run_id"]
    there = {"region": "eu-west", "worker_id": worker.id, "record_id": worker.record_id(1), "run_id": run}
    there |= {"task_id": "labs-refresh", "name": "lab_records"}
    records = there | known_records(keeper)
    described = schemathesis.openapi.from_url(f"{app.url}{API}/openapi.json")
    described = described.exclude(path_regex="/stream$")
    token = app.running.token(ttl_seconds=86_400)
    wanted = [
        check
        for check in CHECKS.get_all()
        if check.__name__
        in (
            "not_a_server_error",
            "status_code_conformance",
            "content_type_conformance",
            "response_headers_conformance",
            "response_schema_conformance",
        )
    ]
    assert len(wanted) == 5
    every_header = {name.lower() for name in document["components"]["headers"]}
    failures: list[str] = []
    statuses: Counter[int] = Counter()
    seen = 0
    session = requests.Session()
    session.trust_env = False  # proxies and a netrc are looked for with each call
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for result in described.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=8,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            # Ids that are made up end in 404; every other case is about something that is there.
            if sum(statuses.values()) % 2 and case.method != "DELETE":
                known = records if is_about_records(case.path) else there
                case.path_parameters.update({name: known[name] for name in case.path_parameters if name in known})
            headers = {"Authorization": f"Bearer {token}"}
            answer = case.call(base_url=app.url, session=session, headers=headers, timeout=120)
            statuses[answer.status_code] += 1
            told = {name for name in answer.headers if name in every_header}
            assert told <= described_headers(document, case.operation.definition.raw, answer.status_code), told
            if answer.status_code in (502, 503) and answer.headers["content-type"][0] == "application/problem+json":
                return
            case.validate_response(answer, checks=wanted)

        try:
            ask()
        except BaseExceptionGroup as group:
            failures += [f"{operation.label}: {error}" for error in group.exceptions]
        except Exception as error:
            failures.append(f"{operation.label}: {error}")
        seen += 1
    assert seen > 20
    assert statuses[200] > 80, statuses
    assert not failures, "\n\n".join(failures)
