"""The whole application in local mode: tasks by many at once, a stranger, a client of Connect."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api.kernel.authorization import Role
from tests.http.labs.conftest import _module_cml, app, clock, cml
from tests.http.records.connect_client import ConnectClient, LabsApiError
from tests.support.served import API, Served, assert_problem

__all__ = ["_module_cml", "app", "clock", "cml"]


@pytest.fixture(scope="module")
def opportunity(app: Served) -> int:
    """Asha's opportunity; boris belongs elsewhere, the worker nowhere."""
    with app.client(Role.ADMIN) as admin:

        def make(path: str, **body: object) -> dict[str, object]:
            answer = admin.post(f"{API}/{path}", json=body)
            assert answer.status_code == 201, answer.text
            made: dict[str, object] = answer.json()
            return made

        for name in ("asha", "boris", "worker_12"):
            make("users", username=name)
        for name in ("asha", "boris"):
            make("organizations", slug=f"of-{name}", name=name)
            make("memberships", username=name, organization=f"of-{name}")
        make("organizations/of-boris/opportunities", name="Elsewhere")
        return int(str(make("organizations/of-asha/opportunities", name="Round 3")["id"]))


@pytest.fixture
def asha(app: Served, opportunity: int) -> Iterator[httpx.Client]:
    with app.client_with(app.running.token(Role.USER, "asha")) as one:
        yield one


@pytest.fixture
def boris(app: Served, opportunity: int) -> Iterator[httpx.Client]:
    with app.client_with(app.running.token(Role.USER, "boris")) as one:
        yield one


def test_tasks_changed_by_many_at_once_lose_nothing(asha: httpx.Client, opportunity: int) -> None:
    body = {"title": "Call", "username": "worker_12", "opportunity_id": opportunity}
    made = asha.post(f"{API}/tasks", json=body)
    assert made.status_code == 201, made.text
    where = made.headers["location"]
    with ThreadPoolExecutor(8) as threads:
        comments = [threads.submit(asha.post, f"{where}/comment", json={"comment": f"c{one}"}) for one in range(20)]
        turn = {"assigned_to_type": "self", "assigned_to_name": "Noor"}
        other = [threads.submit(asha.post, f"{where}/assign", json=turn)]
        other.append(threads.submit(asha.post, f"{where}/status", json={"status": "review_needed"}))
        assert {one.result().status_code for one in comments + other} == {200}
    task = asha.get(where).json()
    assert (len(task["events"]), task["status"], task["assigned_to_name"]) == (23, "review_needed", "Noor")
    record = f"{API}/records/{task['id']}"
    history = asha.get(f"{record}/history", params={"limit": 200}).json()["items"]
    actions = {entry["action"] for entry in history}
    assert actions == {"", "tasks.commented", "tasks.assigned", "tasks.status-changed"}
    assert {entry["by"] for entry in history} == {"asha"}
    diff = asha.get(f"{record}/diff", params={"from": 1, "to": 2}).json()["differences"]
    assert any(one["path"] == ["data", "events", 1] and one["kind"] == "added" for one in diff)
    found = asha.get(f"{API}/tasks", params={"status": "review_needed", "data.assigned_to_name": "Noor"}).json()
    assert [one["id"] for one in found["items"]] == [task["id"]]


def test_a_stranger_finds_nothing_by_any_filter(asha: httpx.Client, boris: httpx.Client, opportunity: int) -> None:
    body = {"experiment": "x", "type": "Y", "data": {"secret": 7}, "opportunity_id": opportunity}
    record = asha.post(f"{API}/records", json=body).json()
    for query in ("", "?data.secret=7", f"?id={record['id']}", "?experiment=x", "?public=false", "?public=true"):
        assert record["id"] not in [one["id"] for one in boris.get(f"{API}/records{query}").json()["items"]], query
    for query in (f"?id={record['id']}", "?data__secret__icontains=7", "?id__gte=0", "?public=False"):
        assert boris.get(f"/export/labs_record/{query}").json() == [], query
    for path in ("", "/history", "/diff?from=1"):
        assert boris.get(f"{API}/records/{record['id']}{path}").status_code == 404
    assert boris.get(f"/export/opportunity/{opportunity}/").status_code == 404


async def test_a_client_of_connect_works_on_it(app: Served, opportunity: int) -> None:
    async with httpx.AsyncClient(base_url=app.url) as http:
        client = ConnectClient(http, app.running.token(Role.USER, "asha"), opportunity_id=opportunity)
        made = await client.create_record("audit", "AuditSession", {"k.e$y": [1, "1"]}, username="worker_12")
        changed = await client.update_record(made["id"], "audit", "AuditSession", {"title": "b", "count": 5})
        assert (changed["id"], changed["username"]) == (made["id"], "worker_12")
        assert await client.get_records(data__count=5, type="AuditSession") == []
        assert await client.get_records(data__title__icontains="B", user__username="worker_12") == [changed]
        assert (await client.opportunity(opportunity))["name"] == "Round 3"
        assert [one["id"] for one in (await client.everything_mine())["opportunities"]] == [opportunity]
        with pytest.raises(LabsApiError) as refused:
            await client.create_record("audit", "AuditSession", {}, username="nobody-here")
        assert refused.value.status == 400
        await client.delete_records([made["id"]])
        assert await client.get_record_by_id(made["id"], "audit", "AuditSession") is None


def test_data_may_have_four_mebibytes_and_no_more(asha: httpx.Client, opportunity: int) -> None:
    body = {"experiment": "x", "type": "Large", "opportunity_id": opportunity}
    largest = "x" * (4 * 1024 * 1024 - 2)
    made = asha.post(f"{API}/records", json={**body, "data": largest})
    assert made.status_code == 201, made.text
    assert asha.get(made.headers["location"]).json()["data"] == largest
    assert_problem(asha.post(f"{API}/records", json={**body, "data": largest + "x"}), 422, "invalid-value")
    items = [{**body, "data": largest[: 3 * 1024 * 1024]}, {**body, "data": largest}]
    batch = asha.post(f"{API}/records/batch", json={"items": items})
    assert batch.status_code in (201, 413, 422), batch.text
