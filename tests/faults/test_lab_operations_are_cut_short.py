"""Two apps watch one laboratory, and apps are killed with signal 9 while they send, simulate and check."""

import asyncio
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from integration.mongo.driver import MongoDriver
from tests.faults.test_app_dies_in_a_refresh import LONG_AGO, AppProcess, app_process
from tests.support.teams import TeamsSimulator

API = "/api/v1"


def readings(count: int, status: str, prefix: str) -> list[dict[str, Any]]:
    """Specimens of the last hours, a minute apart, each on its machine for five minutes."""
    at = datetime.now(UTC) - timedelta(minutes=count % 1000 + 10)
    found = []
    for number in range(count):
        received = at + timedelta(minutes=number % 1000)
        done = {"started_at": received + timedelta(minutes=1), "processed_at": received + timedelta(minutes=6)}
        told = {name: moment.isoformat() for name, moment in done.items()} if status == "COMPLETED" else {}
        names = {"specimen_id": f"{prefix}{number}", "assay": "CBC", "machine_id": f"M{number % 9}", "operator_id": "O"}
        found.append({**names, "status": status, "received_at": received.isoformat(), **told})
    return found


async def made(app: AppProcess, path: str, body: Any, method: str = "POST") -> dict[str, Any]:
    answer = await app.client.request(method, f"{API}/{path}", json=body)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until(driver: MongoDriver, collection: str, query: dict[str, Any]) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while (found := await driver.collection(collection).find_one(query)) is None:  # noqa: ASYNC110  it tells no event
            await asyncio.sleep(0.01)
    return found


async def told(teams: TeamsSimulator, number: int) -> list[str]:
    """Wait until Teams has so many messages; return what stands in each."""
    async with asyncio.timeout(60):
        while len(messages := teams.messages("/lab")) < number:  # noqa: ASYNC110  Teams tells no event
            await asyncio.sleep(0.05)
    facts = [one["message"]["attachments"][0]["content"]["body"][2]["facts"] for one in messages]
    return [next(fact["value"] for fact in one if fact["title"] == "State") for one in facts]


async def test_two_apps_raise_once_tell_once_and_after_kill_nine_in_the_middle_of_a_message_tell_the_next(
    driver: MongoDriver, mongo_uri: str, database_name: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        teams = stack.enter_context(TeamsSimulator())
        one = stack.enter_context(app_process(mongo_uri, database_name, tmp_path))
        two = stack.enter_context(app_process(mongo_uri, database_name, tmp_path))
        address = {"name": "lab", "kind": "teams_workflow", "url": f"{teams.url}/workflows/lab"}
        channel = (await made(one, "alert-channels", address))["channel_id"]
        limits = {"metric": "error_rate", "operator": ">", "threshold": 0.5, "cool_down": "PT0S", "window": "P1D"}
        rule = (await made(one, "alert-rules", {"name": "errors", **limits, "channels": [channel]}))["rule_id"]

        async def evaluated(*apps: AppProcess) -> list[str]:
            asked = [made(app, f"alert-rules/{rule}/evaluate", None) for app in apps * 4]
            return sorted(evaluation["outcome"] for evaluation in await asyncio.gather(*asked))

        await made(one, "specimens/bulk", {"items": readings(4, "ERROR", "A")})
        assert await evaluated(one, two) == ["raised", *["standing"] * 7]
        await made(two, "specimens/bulk", {"items": readings(8, "COMPLETED", "B")})
        assert await evaluated(one, two) == [*["fine"] * 7, "resolved"]
        assert await told(teams, 2) == ["raised", "resolved"]

        teams.behaves(slow_seconds=60.0)
        await made(two, "specimens/bulk", {"items": readings(30, "ERROR", "C")})
        assert (await evaluated(one, two)).count("raised") == 1
        await told(teams, 3)
        lease = await until(driver, "leases", {"_id": "alert-notification-worker"})
        sending, other = (one, two) if f":{one.pid}:" in lease["holder"] else (two, one)
        assert f":{sending.pid}:" in lease["holder"]
        sending.kill_nine()
        # The leases of a dead process run out by themselves; that is shown elsewhere.
        await driver.collection("leases").update_many({}, {"$set": {"expires_at": LONG_AGO}})
        teams.behaves()
        await made(other, "specimens/bulk", {"items": readings(90, "COMPLETED", "D")})
        assert (await evaluated(other)).count("resolved") == 1
        assert await told(teams, 4) == ["raised", "resolved", "raised", "resolved"]
        await until(driver, "labops_alert_notifications", {"about": "resolved", "status": "delivered"})
        sent = (await other.client.get(f"{API}/alert-channels/{channel}/notifications")).json()["items"][::-1]
        assert [(each["about"], each["status"]) for each in sent] == [
            ("raised", "delivered"),
            ("resolved", "delivered"),
            ("raised", "unconfirmed"),
            ("resolved", "delivered"),
        ]
        alerts = (await other.client.get(f"{API}/alerts")).json()["items"]
        assert [(each["alert_id"], each["status"], each["messages"]) for each in alerts] == [
            (f"{rule}-2", "resolved", 2),
            (f"{rule}-1", "resolved", 2),
        ]


async def test_a_simulation_and_a_check_that_were_under_way_at_kill_nine_are_done_by_the_next_app(
    driver: MongoDriver, mongo_uri: str, database_name: str, tmp_path: Path
) -> None:
    columns = ["specimen_id", "assay", "machine_id", "operator_id", "status", "received_at"]
    many = [{"type": "completeness", "name": "C", "columns": ["assay"]}]
    unique = {"description": "takes a while", "rule_type": "uniqueness", "parameters": {"columns": columns}}
    many += [{"name": f"U{number}", **unique} for number in range(60)]
    with app_process(mongo_uri, database_name, tmp_path) as app:
        for prefix in "AB":
            await made(app, "specimens/bulk", {"items": readings(1_000, "COMPLETED", prefix)})
        await made(app, "dq/rules", {"rules": many}, "PUT")
        body = {"extra_machines": 1, "replications": 20, "seed": 1, "horizon": "P2D"}
        simulation = (await made(app, "what-if/simulations", body))["id"]
        await until(driver, "labops_simulations", {"replications_done": {"$gt": 0}})
        check = (await made(app, "dq/runs", None))["run_id"]
        await until(driver, "labops_quality_runs", {"_id": check, "token": {"$gt": 0}})
        app.kill_nine()
    assert (await until(driver, "labops_simulations", {}))["state"] == "running"
    assert (await until(driver, "labops_quality_runs", {}))["state"] == "running"
    await driver.collection("leases").update_many({}, {"$set": {"expires_at": LONG_AGO}})
    with app_process(mongo_uri, database_name, tmp_path) as app:
        simulated = await until(driver, "labops_simulations", {"_id": simulation, "state": {"$ne": "running"}})
        checked = await until(driver, "labops_quality_runs", {"_id": check, "state": {"$ne": "running"}})
        assert (simulated["state"], simulated["starts"], simulated["replications_done"]) == ("completed", 2, 20)
        assert (checked["state"], checked["starts"], checked["rows"]) == ("completed", 2, 2_000)
        found: httpx.Response = await app.client.get(f"{API}/dq/runs/{check}")
        assert (found.json()["trigger"], len(found.json()["rules"])) == ("manual", 61)
