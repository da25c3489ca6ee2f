"""Whoever does not belong to a record finds it by no route: asked of every route that there is."""

from typing import Any

import httpx
from fastapi import FastAPI

from tests.support.fake_records import FakeRecords

_METHODS = ("get", "post", "put", "patch", "delete")
RUN = {"experiment": "workflow", "type": "workflow_run", "data": {"definition_id": 1}, "opportunity_id": 814}
TASK = {"title": "Call", "username": "worker_12", "opportunity_id": 814}


def example_of(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    """Return a body that fits and names no other record; None where there is none."""
    if "requestBody" not in operation:
        return None
    content = operation["requestBody"]["content"]["application/json"]
    schema = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    example: dict[str, Any] = (schema.get("examples") or content["examples"])[0]
    return {name: value for name, value in example.items() if name not in ("audit_session_id", "workflow_run_id")}


async def test_no_route_about_a_record_or_task_answers_a_stranger(
    app: FastAPI, asha: httpx.AsyncClient, boris: httpx.AsyncClient, records: FakeRecords
) -> None:
    run = (await asha.post("/api/v1/records", json=RUN)).json()["id"]
    task = (await asha.post("/api/v1/tasks", json=TASK)).json()["id"]
    before = dict(records.records)
    document = app.openapi()
    asked = []
    for path, item in document["paths"].items():
        if "{record_id}" not in path and "{task_id}" not in path:
            continue
        url = path.replace("{record_id}", str(run)).replace("{task_id}", str(task)).replace("{kind}", "workflow-run")
        for method in _METHODS:
            if method not in item:
                continue
            params = {"from": "1"} if path.endswith("/diff") else None
            body = example_of(document, item[method])
            answer = await boris.request(method, url, params=params, json=body)
            assert answer.status_code == 404, (method, url, answer.text)
            asked.append((method, path))
    assert len(asked) >= 18, asked
    assert records.records == before


async def test_no_list_shows_a_stranger_anything(asha: httpx.AsyncClient, boris: httpx.AsyncClient) -> None:
    run = (await asha.post("/api/v1/records", json=RUN)).json()["id"]
    task = (await asha.post("/api/v1/tasks", json=TASK)).json()["id"]
    for scope in ("opportunity_id=814", "program_id=12", "organization_id=7", "organization_id=lwala"):
        for path in ("/api/v1/records", "/api/v1/records/kinds/workflow-run", "/api/v1/tasks", "/export/labs_record/"):
            if path.startswith("/export") and scope.endswith("lwala"):
                continue
            answer = await boris.get(f"{path}?{scope}")
            assert answer.status_code == 404, (path, scope, answer.text)
    filters = (
        "", "public=true", "public=false", f"id={run}", f"id={task}", "username=worker_12", "kind=task", "type=Task",
        "experiment=workflow", "data.definition_id=1", "data.title=Call", "labs_record_id=1",
    )  # fmt: skip
    for query in filters:
        assert (await boris.get(f"/api/v1/records?{query}")).json()["items"] == [], query
    for query in ("", "status=investigating", "priority=medium", "username=worker_12", "data.title=Call"):
        assert (await boris.get(f"/api/v1/tasks?{query}")).json()["items"] == [], query
    for query in ("", f"id={task}", "id__gte=0", "public=False", "user__username=worker_12", "data__title=Call"):
        assert (await boris.get(f"/export/labs_record/?{query}")).json() == [], query
