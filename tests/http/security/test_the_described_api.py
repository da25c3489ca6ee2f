"""The OpenAPI document says enough, and whatever is generated from it is answered as it says."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
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
                assert list(answer["content"]) == ["application/problem+json"], where
        assert {"4XX", "5XX"} <= operation["responses"].keys(), where
        for parameter in operation.get("parameters", ()):
            assert "schema" in parameter, where


def test_every_body_has_an_example_that_fits(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        if "requestBody" not in operation:
            continue
        content = operation["requestBody"]["content"]["application/json"]
        schema = content["schema"]
        if "$ref" in schema:
            schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        examples = schema.get("examples") or content.get("examples")
        assert examples, f"{method} {path}"


def test_every_json_answer_has_a_schema(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for status, answer in operation["responses"].items():
            for media, content in answer.get("content", {}).items():
                if media == "application/json":
                    assert content.get("schema"), f"{method} {path} {status}"


def test_whatever_is_generated_is_answered_as_described(app: Served, keeper: Keeper) -> None:
    worker = keeper.register("eu-west", name="described")
    run = keeper.http.get(f"{API}/jobs/labs-refresh/runs").json()["items"][0]["run_id"]
    there = {"region": "eu-west", "worker_id": worker.id, "record_id": worker.record_id(1), "run_id": run}
    there |= {"task_id": "labs-refresh", "name": "lab_records"}
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
    failures: list[str] = []
    statuses: Counter[int] = Counter()
    seen = 0
    for result in described.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=12,
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
                case.path_parameters.update({name: there[name] for name in case.path_parameters if name in there})
            answer = case.call(base_url=app.url, headers={"Authorization": f"Bearer {token}"}, timeout=120)
            statuses[answer.status_code] += 1
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
