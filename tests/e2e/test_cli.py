"""Every command against a running Labkeeper, as people type them."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.cml import CmlSimulator
from tests.support.command_line import LabkeeperProcess, labkeeper, labkeeper_json, wait_until
from tests.support.mongo import LocalMongod

PASSWORD = {"LABKEEPER_WORKER_PASSWORD": CmlSimulator.password}
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def controller() -> Iterator[CmlSimulator]:
    with CmlSimulator(labs=4) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def data_dir(
    tmp_path_factory: pytest.TempPathFactory, shared_mongod: LocalMongod, controller: CmlSimulator
) -> Iterator[Path]:
    """The data folder of a running Labkeeper that has one worker with four labs."""
    folder = tmp_path_factory.mktemp("cli") / "data"
    settings = {"LABKEEPER_MONGODB_URI": shared_mongod.uri, "LABKEEPER_MONGODB_DATABASE": "test_command_line"}
    with LabkeeperProcess(folder, "serve", "Labkeeper serves at", **settings):
        add = ("workers", "add", "berlin", controller.url, "--region", "eu", "--username", "admin")
        labkeeper_json(folder, *add, "--no-verify-tls", **PASSWORD)
        assert wait_until(lambda: len(labkeeper_json(folder, "labs")) == 4)
        yield folder
    with shared_mongod.client() as client:
        client.drop_database("test_command_line")


def record_id(data_dir: Path) -> str:
    return str(labkeeper_json(data_dir, "labs", "--limit", "1")[0]["record_id"])


def shown_events(data_dir: Path, about: str) -> list[dict[str, Any]]:
    return list(labkeeper_json(data_dir, "events", "show", about))


def test_the_server_says_where_it_is_in_a_file_for_nobody_else(data_dir: Path) -> None:
    (file,) = data_dir.glob("server-*.json")
    assert set(json.loads(file.read_text())) == {"url", "pid"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_workers_are_listed_and_shown(data_dir: Path) -> None:
    (worker,) = labkeeper_json(data_dir, "workers")
    assert (worker["name"], worker["region"]) == ("berlin", "eu")
    assert labkeeper_json(data_dir, "workers", "show", "berlin")["worker_id"] == worker["worker_id"]
    assert labkeeper_json(data_dir, "workers", "list", "--region", "nowhere") == []
    assert "berlin" in labkeeper(data_dir, "workers").stdout
    assert CmlSimulator.password not in labkeeper(data_dir, "workers", "show", "berlin").stdout


def test_labs_are_listed_filtered_and_shown_with_their_history(data_dir: Path) -> None:
    every = labkeeper_json(data_dir, "labs")
    state = every[0]["state"]
    matching = labkeeper_json(data_dir, "labs", "--state", state)
    assert matching == [lab for lab in every if lab["state"] == state]
    assert labkeeper_json(data_dir, "labs", "show", every[0]["record_id"])["title"] == every[0]["title"]
    (created,) = labkeeper_json(data_dir, "labs", "history", every[0]["record_id"])
    assert created["type"] == "labs.lab-record-created.v1"
    assert every[0]["title"] in labkeeper(data_dir, "labs", "show", every[0]["record_id"]).stdout


def test_a_worker_is_named_by_its_id_or_its_name_and_an_ambiguous_name_lists_the_ids(
    data_dir: Path, controller: CmlSimulator
) -> None:
    every = labkeeper_json(data_dir, "labs")
    (berlin,) = labkeeper_json(data_dir, "workers")
    add = ("workers", "add", "berlin", controller.url, "--region", "us", "--username", "admin", "--no-active")
    other = labkeeper_json(data_dir, *add, **PASSWORD)
    assert labkeeper_json(data_dir, "labs", "--worker", berlin["worker_id"]) == every
    assert labkeeper_json(data_dir, "labs", "--worker", "berlin", "--region", "eu") == every
    assert labkeeper_json(data_dir, "labs", "--worker", other["worker_id"]) == []
    refused = labkeeper(data_dir, "labs", "--worker", "berlin")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert all(one["worker_id"] in refused.stderr for one in (berlin, other))
    assert labkeeper_json(data_dir, "workers", "remove", other["worker_id"], "--yes")["decommissioned"]
    assert labkeeper_json(data_dir, "labs", "--worker", "berlin") == every
    unknown = labkeeper(data_dir, "labs", "--worker", "nobody")
    assert (unknown.returncode, unknown.stderr.strip()) == (1, "labkeeper: there is no worker nobody")
    first = labkeeper_json(data_dir, "events", "tail", "--from-start", "--worker", "berlin", "--count", "1")
    assert first["type"] == "labs.cml-worker-registered.v1"


def test_a_refresh_tells_what_it_did_and_is_refused_too_soon_after_the_last(data_dir: Path) -> None:
    run = labkeeper_json(data_dir, "refresh", "--worker", "berlin")
    assert (run["outcome"], run["counts"]["labs_synced"]) == ("succeeded", 4)

    def again_at_once_is_refused() -> bool:
        again = labkeeper(data_dir, "refresh", "--worker", "berlin")
        return again.returncode == 1 and again.stderr.startswith("labkeeper: 429 ")

    # Ten seconds lie between two refreshes by hand, and a busy machine may take as long to start a command.
    assert wait_until(again_at_once_is_refused)
    assert wait_until(lambda: labkeeper(data_dir, "refresh").returncode == 0)


def test_events_are_followed_from_the_start_and_shown_one_by_one(data_dir: Path) -> None:
    refused = labkeeper(data_dir, "events", "tail", "--type", "labs.lab-*")
    assert (refused.returncode, "must each be *, a prefix such as labs.*" in refused.stderr) == (1, True)
    tail = labkeeper(data_dir, "events", "tail", "--from-start", "--type", "labs.*", "--count", "3", "--json")
    events = [json.loads(line) for line in tail.stdout.splitlines()]
    assert events[0]["type"] == "labs.cml-worker-registered.v1"
    wanted = {name: value for name, value in events[1].items() if name != "streamid"}
    assert shown_events(data_dir, events[1]["id"]) == [wanted]
    assert {event["subject"] for event in shown_events(data_dir, record_id(data_dir))} == {record_id(data_dir)}
    assert labkeeper(data_dir, "events", "show", "nothing").returncode == 1


def test_subscriptions_are_listed_with_what_they_gave_up_on(data_dir: Path) -> None:
    names = [one["name"] for one in labkeeper_json(data_dir, "subscriptions", "list")]
    assert "lab_records" in names
    assert labkeeper_json(data_dir, "subscriptions", "parked", "lab-alerts") == []
    for refused in (("parked", "nobody"), ("replay", "lab-alerts", "nothing"), ("drop", "lab-alerts", "nothing")):
        done = labkeeper(data_dir, "subscriptions", *refused)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("labkeeper: 404 ")


def test_read_models_are_listed_and_rebuilt(data_dir: Path) -> None:
    assert "lab_records" in [one["name"] for one in labkeeper_json(data_dir, "read-models", "list")]
    before = labkeeper_json(data_dir, "labs")
    assert labkeeper_json(data_dir, "read-models", "rebuild", "lab_records")["outcome"] == "succeeded"
    assert labkeeper_json(data_dir, "jobs", "runs", "read-model-rebuild")[0]["outcome"] == "succeeded"
    assert "on demand" in labkeeper(data_dir, "jobs").stdout
    assert [lab["record_id"] for lab in labkeeper_json(data_dir, "labs")] == [lab["record_id"] for lab in before]


def test_jobs_are_listed_and_run(data_dir: Path) -> None:
    assert "labs-refresh" in [job["task_id"] for job in labkeeper_json(data_dir, "jobs")]
    run = labkeeper_json(data_dir, "jobs", "run", "labs-refresh")
    assert run["outcome"] == "succeeded"
    assert run["run_id"] in [one["run_id"] for one in labkeeper_json(data_dir, "jobs", "runs", "labs-refresh")]
    assert labkeeper_json(data_dir, "jobs", "show", "labs-refresh", run["run_id"])["parts"]


def test_the_doctor_finds_a_well_installation_well(data_dir: Path, shared_mongod: LocalMongod) -> None:
    report = labkeeper_json(data_dir, "doctor", LABKEEPER_MONGODB_URI=shared_mongod.uri)
    assert report["well"]
    assert {check["name"] for check in report["checks"]} >= {"Python", "settings", "data folder", "MongoDB", "server"}


def test_the_doctor_says_what_to_do_about_a_readable_secret_and_an_unknown_setting(
    data_dir: Path, shared_mongod: LocalMongod
) -> None:
    secret = data_dir / "jwt.secret"
    secret.chmod(0o644)
    try:
        done = labkeeper(data_dir, "doctor", LABKEEPER_MONGODB_URI=shared_mongod.uri, LABKEEPER_PROT="1")
    finally:
        secret.chmod(0o600)
    assert done.returncode == 1
    assert "chmod 600" in done.stdout
    assert "LABKEEPER_PROT" in done.stdout


def test_a_token_of_a_lesser_role_is_refused_in_one_line(data_dir: Path) -> None:
    token = labkeeper(data_dir, "token", "--role", "user", "--ttl-seconds", "60").stdout
    assert token.count("\n") == 1
    done = labkeeper(data_dir, "refresh", LABKEEPER_TOKEN=token.strip())
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("labkeeper: 403 ")


def test_a_token_of_another_installation_is_refused_with_a_hint(data_dir: Path, tmp_path: Path) -> None:
    token = labkeeper(tmp_path / "other", "token", "--role", "admin").stdout.strip()
    done = labkeeper(data_dir, "labs", LABKEEPER_TOKEN=token)
    assert done.returncode == 1
    assert done.stderr.startswith("labkeeper: 401 ")
    assert "LABKEEPER_TOKEN" in done.stderr


def test_without_a_server_commands_say_how_to_get_one(tmp_path: Path) -> None:
    done = labkeeper(tmp_path / "data", "labs", LABKEEPER_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "start one with `labkeeper serve` or set LABKEEPER_URL" in done.stderr


@pytest.mark.parametrize(
    ("setting", "value", "code", "said"),
    [
        ("LABKEEPER_PORT", "99999", 2, "LABKEEPER_PORT: should be less than or equal to 65535"),
        ("LABKEEPER_MONGODB_DRIVER", "odbc", 2, "LABKEEPER_MONGODB_DRIVER: should be 'motor' or 'pymongo'"),
        ("LABKEEPER_LABS_REFRESH_INTERVAL_SECONDS", "0", 2, "LABKEEPER_LABS_REFRESH_INTERVAL_SECONDS: should be"),
        ("LABKEEPER_RECORDS_REFRESH_INTERVAL_SECONDS", "inf", 2, "INTERVAL_SECONDS: should be a finite number (it is"),
        ("LABKEEPER_RECORDS_MAX_AGE_SECONDS", "1e300", 2, "LABKEEPER_RECORDS_MAX_AGE_SECONDS: should be less than"),
        ("LABKEEPER_JWT_SECRET", "short", 2, "LABKEEPER_JWT_SECRET must have at least 32 bytes"),
        ("LABKEEPER_MONGODB_URI", "postgres://a:hidden@b", 2, "LABKEEPER_MONGODB_URI: must be mongodb://"),
        ("LABKEEPER_JWKS_URL", "https://a:hidden@b", 2, "LABKEEPER_JWKS_URL: must not carry a user name"),
        ("LABKEEPER_RECORDS_REPOSITORY", "cached", 2, "LABKEEPER_CONNECT_URL, LABKEEPER_CONNECT_CLIENT_ID: must"),
        ("LABKEEPER_MONGODB_URI", "mongodb://a:hidden@127.0.0.1:9", 1, "the MongoDB at 127.0.0.1:9 gives no answer"),
        ("LABKEEPER_DATA_DIR", "/proc/labkeeper", 2, "LABKEEPER_DATA_DIR: /proc/labkeeper cannot be made"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path, setting: str, value: str, code: int, said: str) -> None:
    done = labkeeper(tmp_path / "data", "serve", **{setting: value})
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert said in done.stderr
    assert "hidden" not in done.stderr


def test_what_settings_alone_can_tell_is_said_before_mongodb_is_looked_for(tmp_path: Path) -> None:
    given = {"LABKEEPER_RECORDS_REPOSITORY": "remote", "LABKEEPER_MONGODB_URI": "mongodb://127.0.0.1:9"}
    done = labkeeper(tmp_path / "data", "serve", LABKEEPER_CONNECT_URL="http://127.0.0.1:9", **given)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("labkeeper: LABKEEPER_CONNECT_CLIENT_ID: must be set")
    done = labkeeper(tmp_path / "data", "serve", **given)
    assert "LABKEEPER_CONNECT_URL, LABKEEPER_CONNECT_CLIENT_ID: must be set" in done.stderr
    done = labkeeper(tmp_path / "data", "doctor", **given)
    assert "LABKEEPER_CONNECT_CLIENT_ID: must be set" in done.stdout


def test_a_mongodb_that_is_not_there_is_named_before_it_is_waited_for(tmp_path: Path) -> None:
    done = labkeeper(tmp_path / "data", "serve", LABKEEPER_MONGODB_URI="mongodb://a:hidden@127.0.0.1:9")
    assert done.stdout == "Waiting for the MongoDB at 127.0.0.1:9, for 10 s at the most\n"
    assert done.stderr.startswith("labkeeper: the MongoDB at 127.0.0.1:9 gives no answer within 10 s")


def test_a_target_that_is_too_long_is_refused_with_a_problem(data_dir: Path) -> None:
    (file,) = data_dir.glob("server-*.json")
    url = json.loads(file.read_text())["url"]
    answer = httpx.get(f"{url}/api/v1/labs", params={"q": "x" * 60_000}, trust_env=False, timeout=60)
    assert (answer.status_code, answer.headers["content-type"]) == (414, "application/problem+json")


def test_a_taken_port_is_named(data_dir: Path, tmp_path: Path) -> None:
    (file,) = data_dir.glob("server-*.json")
    port = json.loads(file.read_text())["url"].rsplit(":", 1)[1]
    done = labkeeper(tmp_path / "data", "serve", LABKEEPER_PORT=port)
    assert done.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken by another program" in done.stderr


def test_a_wrong_option_is_a_usage_error(tmp_path: Path) -> None:
    assert labkeeper(tmp_path / "data", "token", "--role", "king").returncode == 2
    assert labkeeper(tmp_path / "data", "nonsense").returncode == 2
