"""The demo as a newcomer sees it: started, tried, ended, killed, started again."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.command_line import LabkeeperProcess, labkeeper, labkeeper_json, marked_processes, wait_until

GUIDE = Path(__file__).resolve().parents[2] / "notes/guides/records.md"
READY = "Ctrl-C ends everything"
PATIENT: dict[str, Any] = {"trust_env": False, "timeout": 60}
pytestmark = pytest.mark.timeout(900)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def demo(data_dir: Path, **settings: str) -> LabkeeperProcess:
    return LabkeeperProcess(data_dir, "demo", READY, **settings)


def curl_lines(running: LabkeeperProcess) -> list[str]:
    return [line for line in running.output().splitlines() if line.startswith("curl ")]


def run_line(line: str) -> str:
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=120).stdout


def is_told_by(line: str, wanted: str) -> bool:
    """Run a printed line that never ends until it says what is wanted."""
    with subprocess.Popen(["bash", "-c", f"exec {line} --max-time 120"], stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        try:
            return any(said.rstrip() == wanted for said in running.stdout)
        finally:
            running.kill()


def url_of(running: LabkeeperProcess) -> str:
    found = re.search(r"ready at (http://\S+)", running.output())
    assert found is not None
    return found.group(1)


def labs_of(running: LabkeeperProcess) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(run_line(curl_lines(running)[0]))["items"]
    return items


def told_by(line: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(run_line(line))["items"]
    return items


def assert_tasks_and_a_public_record_are_there_once(running: LabkeeperProcess) -> None:
    tasks, public = (told_by(line) for line in curl_lines(running)[2:4])
    assert len(tasks) == 3
    assert [event["event_type"] for event in tasks[0]["events"]] == ["created", "assigned", "comment"]
    assert [record["kind"] for record in public] == ["solicitation"]


def test_the_printed_lines_work_ctrl_c_ends_everything_and_started_again_it_finds_it_all_and_adds_nothing_twice(
    data_dir: Path,
) -> None:
    with demo(data_dir) as running:
        assert wait_until(lambda: httpx.get(f"{url_of(running)}/health/ready", **PATIENT).status_code == 200)
        labs = labs_of(running)
        assert len(labs) > 20
        assert {lab["region"] for lab in labs} == {"eu-west", "us-east"}
        assert is_told_by(curl_lines(running)[1], "event: labs.lab-record-created.v1")
        tokens = [line for line in running.output().splitlines() if re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", line)]
        assert len(tokens) == 1
        assert_tasks_and_a_public_record_are_there_once(running)
        before = {lab["record_id"] for lab in labs_of(running)}
        assert "Traceback" not in running.output()
        assert wait_until(lambda: "Labkeeper test message" in run_line(curl_lines(running)[-1])), "Teams is told"
        assert len(marked_processes(data_dir)) == 7
        assert running.end(signal.SIGINT) == 0
        assert wait_until(lambda: not marked_processes(data_dir)), marked_processes(data_dir)
        assert "Traceback" not in running.output()
    assert not list(data_dir.glob("server*.json"))
    assert data_dir.stat().st_mode & 0o077 == 0
    with demo(data_dir) as second:
        after = {lab["record_id"] for lab in labs_of(second)}
        assert len(before & after) > len(before) / 2
        assert sorted(worker["name"] for worker in labkeeper_json(data_dir, "workers")) == [
            "cml-eu-1",
            "cml-eu-2",
            "cml-us-1",
        ]
        assert_tasks_and_a_public_record_are_there_once(second)
        assert second.end(signal.SIGTERM) == 0


def walkthrough_of_records() -> str:
    """Return the lines of the guide about records that every mode is to understand."""
    section = GUIDE.read_text().partition("\n## Records and tasks\n")[2].partition("\n## ")[0]
    return "\n".join(block for block in section.split("```\n")[1::2])


def walk_through(running: LabkeeperProcess, more: str = "") -> subprocess.CompletedProcess[str]:
    """Run the guide's lines with the three that the demo printed; an answer that is an error ends it."""
    given = [line for line in running.output().splitlines() if line.startswith(("URL=", "auth=", "OPPORTUNITY="))]
    assert len(given) == 3
    strict = 'set -e -o pipefail\ncurl() { command curl --fail-with-body "$@"; echo; }'
    script = "\n".join([strict, *given, walkthrough_of_records(), more])
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120)


def assert_the_guide_works(running: LabkeeperProcess) -> None:
    done = walk_through(running)
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert '"event_type":"status_changed"' in done.stdout
    assert '"old":"First"' in done.stdout


def test_over_a_simulated_connect_the_lines_of_the_guide_work_and_the_cache_answers_when_it_is_killed(
    data_dir: Path,
) -> None:
    with LabkeeperProcess(data_dir, "demo --records cached", READY, LABKEEPER_RECORDS_MAX_AGE_SECONDS="1") as running:
        assert_the_guide_works(running)
        (asking,) = [line for line in curl_lines(running) if "/o/token/" in line]
        auth = f"auth='Authorization: Bearer {json.loads(run_line(asking))['access_token']}'"
        done = walk_through(running, f'{auth}\ncurl -sS -H "$auth" "$URL/api/v1/tasks/$TASK"')
        assert done.returncode == 0, (done.stdout, done.stderr)
        before = [told_by(line) for line in curl_lines(running)[2:4]]
        assert all(before)
        found = re.search(r"kill (\d+)", running.output())
        assert found is not None
        os.kill(int(found.group(1)), signal.SIGKILL)
        assert [told_by(line) for line in curl_lines(running)[2:4]] == before
        says_so = f"{curl_lines(running)[2]} -D - -o /dev/null"
        assert wait_until(lambda: "labkeeper-stale-since" in run_line(says_so).lower())
        assert running.end(signal.SIGINT) == 0
        assert wait_until(lambda: not marked_processes(data_dir)), marked_processes(data_dir)


def test_the_lines_of_the_guide_work_and_a_killed_demo_leaves_at_most_mongod_which_the_next_start_reuses(
    data_dir: Path,
) -> None:
    with demo(data_dir) as first:
        assert_the_guide_works(first)
        before = {lab["record_id"] for lab in labs_of(first)}
        first.end(signal.SIGKILL)
        assert wait_until(lambda: len(marked_processes(data_dir)) == 1), marked_processes(data_dir)
        ((mongod, command),) = marked_processes(data_dir).items()
        assert "mongod " in command
        with demo(data_dir) as second:
            assert mongod in marked_processes(data_dir)
            assert before & {lab["record_id"] for lab in labs_of(second)}
            assert second.end(signal.SIGINT) == 0
            assert wait_until(lambda: not marked_processes(data_dir)), marked_processes(data_dir)


def test_a_second_demo_on_the_folder_refuses_and_leaves_the_first_alone_until_that_is_killed(data_dir: Path) -> None:
    with demo(data_dir) as first:
        before = marked_processes(data_dir)
        addresses = {worker["endpoint_url"] for worker in labkeeper_json(data_dir, "workers")}
        second = labkeeper(data_dir, "demo")
        assert second.returncode == 1
        (line,) = second.stderr.splitlines()
        assert f"process {first.pid}" in line
        assert marked_processes(data_dir) == before
        first.end(signal.SIGKILL)
        with demo(data_dir) as third:
            assert {worker["endpoint_url"] for worker in labkeeper_json(data_dir, "workers")} == addresses
            assert third.end(signal.SIGINT) == 0


def test_a_signal_during_the_start_leaves_nothing_behind(data_dir: Path) -> None:
    with LabkeeperProcess(data_dir, "demo", "Starting MongoDB") as starting:
        starting.end(signal.SIGINT)
        assert wait_until(lambda: not marked_processes(data_dir)), marked_processes(data_dir)
        assert "Traceback" not in starting.output()
