"""Jobs, runs, subscriptions, read models, health and metrics, for those who run the installation."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from pymongo.errors import DuplicateKeyError

from api.kernel.authorization import Role
from tests.support.cml import CmlSimulator, a_lab
from tests.support.mongo import LocalMongod
from tests.support.served import API, Keeper, Served, assert_problem, eventually, served


def ended(keeper: Keeper, path: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = keeper.http.get(path).json()
        return found if found["outcome"] != "running" else None

    return eventually(look, "the run ends", 120)


def test_jobs_are_listed_with_their_last_run(keeper: Keeper) -> None:
    def job() -> dict[str, Any] | None:
        (found,) = [one for one in keeper.http.get(f"{API}/jobs").json()["items"] if one["task_id"] == "labs-refresh"]
        return found if found["last_run"] and not found["running"] else None

    found = eventually(job, "the first run ended")
    assert found["interval_seconds"] == 1800
    assert found["next_run_at"] is not None
    assert found["last_run"]["trigger"] == "start"


def test_a_run_by_hand_tells_worker_by_worker_and_lab_by_lab(keeper: Keeper, cml: CmlSimulator) -> None:
    cml.set_labs([a_lab(1), a_lab(2), a_lab(3)])
    good = keeper.register(name="good")
    bad = keeper.register(name="bad", password="wrong")
    cml.set_labs([a_lab(1, state="STOPPED"), a_lab(2), a_lab(3, lab_title=None)])
    keeper.clock.advance(11)
    with keeper.app.client(Role.MANAGER) as manager:
        answer = manager.post(f"{API}/jobs/labs-refresh/run")
    assert answer.status_code == 202
    run = ended(keeper, answer.headers["location"])
    assert run["outcome"] == "partial"
    assert run["parts_total"] == len(run["parts"]) == run["parts_done"]
    assert run["parts_failed"] >= 1
    parts = {part["part_id"]: part for part in run["parts"]}
    items = {item["id"]: item for item in parts[good.id]["items"]}
    assert items[a_lab(1)["id"]]["changed_fields"]["state"] == {"old": "STARTED", "new": "STOPPED"}
    assert items[a_lab(3)["id"]]["change"] == "failed"
    assert parts[bad.id]["outcome"] == "failed"
    assert "unauthorised" in parts[bad.id]["error"]
    listed = keeper.http.get(f"{API}/jobs/labs-refresh/runs").json()["items"]
    assert listed[0]["run_id"] == run["run_id"]
    assert run["counts"] == {**run["counts"], **listed[0]["counts"]}


def test_runs_are_paged_newest_first(keeper: Keeper) -> None:
    for name in ("p", "q", "r"):
        keeper.register(name=name)
    path = f"{API}/jobs/labs-refresh/runs"
    whole = keeper.http.get(path, params={"limit": 200}).json()["items"]
    assert len(whole) >= 4
    assert [run["started_at"] for run in whole] == sorted((run["started_at"] for run in whole), reverse=True)
    paged: list[Any] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = keeper.http.get(path, params=params).json()
        paged += page["items"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert paged == whole
    assert_problem(keeper.http.get(path, params={"cursor": "x"}), 422)


def test_rebuilds_are_recorded_like_the_runs_of_a_job(keeper: Keeper) -> None:
    keeper.register()
    started = [keeper.http.post(f"{API}/read-models/{name}/rebuild") for name in ("workers", "lab_records")]
    runs = [ended(keeper, answer.headers["location"]) for answer in started]
    assert [run["outcome"] for run in runs] == ["succeeded", "succeeded"]
    assert runs[0]["parts"][0]["part_id"].startswith("workers up to ")
    path = f"{API}/jobs/read-model-rebuild"
    first = keeper.http.get(f"{path}/runs", params={"limit": 1}).json()
    (second,) = keeper.http.get(f"{path}/runs", params={"limit": 1, "cursor": first["next_cursor"]}).json()["items"]
    assert [second["run_id"], first["items"][0]["run_id"]] == [run["run_id"] for run in runs]
    jobs = {job["task_id"]: job for job in keeper.http.get(f"{API}/jobs").json()["items"]}
    assert list(jobs) == sorted(jobs)
    job = jobs["read-model-rebuild"]
    assert (job["interval_seconds"], job["next_run_at"], job["running"]) == (None, None, False)
    assert job["last_run"]["run_id"] == runs[1]["run_id"]
    refused = assert_problem(keeper.http.post(f"{path}/run"), 409, "conflict")
    assert "/read-models/{name}/rebuild" in refused["detail"]


def test_unknown_jobs_runs_subscriptions_and_models_are_404(keeper: Keeper) -> None:
    for method, path in (
        ("POST", "/jobs/nothing/run"),
        ("GET", "/jobs/nothing/runs"),
        ("GET", "/jobs/labs-refresh/runs/nothing"),
        ("GET", "/jobs/nothing/runs/nothing"),
        ("GET", "/subscriptions/nothing/parked"),
        ("POST", "/subscriptions/nothing/parked/x/replay"),
        ("POST", "/subscriptions/lab-alerts/parked/x/replay"),
        ("DELETE", "/subscriptions/nothing/parked/x"),
        ("DELETE", "/subscriptions/lab-alerts/parked/x"),
        ("POST", "/read-models/nothing/rebuild"),
    ):
        assert_problem(keeper.http.request(method, API + path), 404, "not-found")


def test_subscriptions_say_how_they_stand(keeper: Keeper) -> None:
    def names() -> dict[str, Any]:
        found = keeper.http.get(f"{API}/subscriptions").json()["items"]
        return {one["name"]: one for one in found}

    assert names().keys() >= {"lab_records", "workers", "lab-alerts", "decommissioned-workers"}
    eventually(lambda: all(one["lag"] == 0 for one in names().values()), "all have caught up")


def test_a_rebuilt_read_model_holds_the_same(keeper: Keeper, cml: CmlSimulator) -> None:
    worker = keeper.register()
    cml.set_labs([a_lab(1, state="STOPPED")])
    worker.refreshed()
    labs, details = worker.labs(), keeper.http.get(f"{API}/labs/{worker.record_id(1)}").json()
    before = {model["name"]: model for model in keeper.http.get(f"{API}/read-models").json()["items"]}
    for name in ("lab_records", "workers"):
        answer = keeper.http.post(f"{API}/read-models/{name}/rebuild")
        assert answer.status_code == 202, answer.text
        run = ended(keeper, answer.headers["location"])
        assert run["outcome"] == "succeeded", run
        assert worker.labs() == labs
    after = {model["name"]: model for model in keeper.http.get(f"{API}/read-models").json()["items"]}
    for name in ("lab_records", "workers"):
        assert after[name]["collection"] != before[name]["collection"]
        assert after[name]["documents"] == before[name]["documents"]
        assert after[name]["rebuilt_at"] is not None
        assert after[name]["rebuilding"] is False
    assert keeper.http.get(f"{API}/labs/{worker.record_id(1)}").json() == details


def corrupt_alert_cause(app: Served, worker_id: str) -> dict[str, Any]:
    """Append a commit whose event breaks its own contract, as a bug of an older version might have."""
    with app.mongod.client() as client:
        log = client[app.database]["labs_commits"]
        while True:
            model = log.find_one({"s": f"cml-worker-{worker_id}"}, sort=[("v", -1)])
            assert model is not None
            head = app.log_head()
            event = {**model["e"][0], "id": f"corrupt-{head}", "type": "labs.cml-worker-labs-dropped.v1"}
            event["data"] = {"removed_labs": "not a number"}
            version = model["v"] + 1
            document = {**model, "_id": head + 1, "f": version, "v": version, "e": [event], "cmd": f"corrupt-{head}"}
            # The application may take the position first, for an alert.
            with suppress(DuplicateKeyError):
                log.insert_one(document)
                return document


def test_a_corrupt_event_is_parked_named_and_the_rest_goes_on_until_it_is_replayed_or_dropped(
    keeper: Keeper, cml: CmlSimulator
) -> None:
    worker, other = keeper.register(name="corrupt"), keeper.register(name="healthy")
    document = corrupt_alert_cause(keeper.app, worker.id)
    path = f"{API}/subscriptions/lab-alerts/parked"

    def parked() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = keeper.http.get(path).json()["items"]
        return found

    (entry,) = eventually(parked, "it is parked")
    assert (entry["position"], entry["stream"], entry["state"]) == (document["_id"], document["s"], "parked")
    assert "labs.cml-worker-labs-dropped.v1" in entry["error"]
    cml.set_labs([a_lab(1, state="DEFINED_ON_CORE"), a_lab(2), a_lab(3)])
    assert other.refreshed()["labs_updated"] == 1
    listed = {one["name"]: one for one in keeper.http.get(f"{API}/subscriptions").json()["items"]}
    assert listed["lab-alerts"]["parked"] == 1
    answer = keeper.http.post(f"{path}/{entry['id']}/replay")
    assert (answer.status_code, answer.json()) == (200, {"outcome": "failed"})
    assert len(parked()) == 1
    with keeper.app.mongod.client() as client:
        repaired = {"e.0.data": {"removed_labs": 3, "known_labs": 5}}
        client[keeper.app.database]["labs_commits"].update_one({"_id": document["_id"]}, {"$set": repaired})
    answer = keeper.http.post(f"{path}/{entry['id']}/replay")
    assert (answer.status_code, answer.json()) == (200, {"outcome": "replayed"})
    assert parked() == []
    corrupt_alert_cause(keeper.app, worker.id)
    (second,) = eventually(parked, "the second is parked")
    assert keeper.http.delete(f"{path}/{second['id']}").status_code == 204
    assert parked() == []
    assert_problem(keeper.http.delete(f"{path}/{second['id']}"), 404)


def test_health_and_metrics_need_no_token(app: Served) -> None:
    with app.client_with(None) as client:
        for path in ("/health/live", "/health/ready"):
            eventually(lambda at=path: client.get(at).status_code == 200, path)  # type: ignore[misc]
            assert client.get(path).json()["status"] in ("healthy", "degraded")
        page = client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "labkeeper" in page.text


def test_without_a_database_health_is_503_and_says_why_and_requests_are_503_until_it_is_back(
    mongod_process: LocalMongod, tmp_path: Path
) -> None:
    with served(mongod_process, tmp_path) as app, app.client() as client:
        path = f"{API}/workers/region/x/workers"
        assert client.get(path).status_code == 200
        mongod_process.kill_nine()

        def unwell() -> httpx.Response | None:
            answer = client.get("/health/ready")
            return answer if answer.status_code == 503 else None

        answer = eventually(unwell, "health says so")
        told = answer.json()
        assert told["status"] == "unhealthy"
        assert all(check["reason"] for check in told["checks"] if check["status"] == "unhealthy")
        assert "mongo" in answer.text.lower()
        assert client.get("/health/live").status_code == 200
        for answer in (
            client.get(path),
            client.get(f"{API}/labs"),
            client.post(
                path, json={"name": "x", "endpoint_url": "http://127.0.0.1:9", "username": "u", "password": "p"}
            ),
        ):
            assert_problem(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
            assert "27017" not in answer.text
            assert str(mongod_process.port) not in answer.text
        mongod_process.restart()
        eventually(lambda: client.get("/health/ready").status_code == 200, "it is well again", 120)
        assert client.get(path).status_code == 200
