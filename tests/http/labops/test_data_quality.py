"""Data quality over HTTP: files, rules, runs over what is stored, and what is told when it gets worse."""

import csv
import gzip
import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from neuroglia.hosting.abstractions import HostedService

from api.kernel.authorization import Role
from application.kernel.event_feed import EventFeed
from application.labops.quality.quality_runner import QualityRunner
from application.labops.quality.runs import QualityRuns, QualityRunState
from application.labops.quality.when_import_ended_check_it import WhenImportEndedCheckIt
from integration.labops.quality_resumer import QualityRunResumer
from tests.http.labops.test_metrics import put, reading
from tests.support.mongo import LocalMongod
from tests.support.served import API, MovableClock, Served, assert_problem, eventually, served

DQ = f"{API}/dq"
RULES = """\
rules:
  - name: Statuses
    description: Known ones
    rule_type: allowed_values
    parameters:
      column: status
      allowed_values: [COMPLETED]
"""
HEADER = "specimen_id,assay,machine_id,operator_id,status,error_code,received_at,processed_at\n"
GOOD = HEADER + "SP1,CBC,M1,O1,COMPLETED,,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z\n"
BAD = GOOD + "SP1,,M1,O1,DONE,,2026-01-01T10:00:00Z,2026-01-01T09:00:00Z\n"


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(shared_mongod, tmp_path_factory.mktemp("data"), clock=MovableClock()) as running:
        yield running


@pytest.fixture
def http(app: Served) -> Iterator[httpx.Client]:
    with app.client(Role.MANAGER) as client:
        yield client


def validate(http: httpx.Client, content: str | bytes, **more: Any) -> httpx.Response:
    params = more.pop("params", None)
    data = {"custom_rules": json.dumps(more.pop("custom"))} if "custom" in more else None
    files = {"file": ("specimens.csv", content), **{name: (f"{name}.txt", value) for name, value in more.items()}}
    return http.post(f"{DQ}/validate-csv", files=files, data=data, params=params)


def test_a_file_is_held_against_the_rules_sent_with_it_in_the_shape_of_the_kit(http: httpx.Client) -> None:
    answer = validate(http, BAD, rules_file=RULES)

    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["status"], told["data_shape"], told["rules_applied"], told["violations_count"]) == (
        "success",
        [2, 8],
        1,
        1,
    )
    assert told["rules_source"] == "rules_file"
    [violation] = told["violations"]
    assert (violation["rule_name"], violation["severity"], violation["column"]) == ("Statuses", "ERROR", "status")
    assert (violation["row_indices"], violation["value"], violation["expected"]) == ([1], "['DONE']", "['COMPLETED']")
    assert violation["examples"] == [{"row_index": 1, "line": 3, "value": "DONE"}]
    summary = told["summary"]
    assert {name: summary[name] for name in ("total_violations", "errors", "warnings", "info")} == {
        "total_violations": 1,
        "errors": 1,
        "warnings": 0,
        "info": 0,
    }
    assert summary["timestamp"] == told["timestamp"]


def test_a_rules_file_goes_before_custom_rules_and_both_before_the_bundled_ones(http: httpx.Client) -> None:
    custom = {"rules": [{"type": "completeness", "name": "Assays", "columns": ["assay"]}]}
    assert validate(http, BAD, rules_file=RULES, custom=custom).json()["rules_source"] == "rules_file"
    told = validate(http, BAD, custom=custom).json()
    assert (told["rules_source"], told["violations"][0]["row_indices"]) == ("custom_rules", [1])
    told = validate(http, gzip.compress(BAD.encode())).json()
    assert told["rules_source"] == "specimen_rules.yaml"
    assert [one["rule_name"] for one in told["violations"]] == [
        "Received before processed",
        "Known statuses",
        "One row per specimen",
        "Nothing essential is missing",
    ]
    assert validate(http, GOOD).json()["violations"] == []


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_separates_columns_is_found_as_an_import_finds_it_which_the_answer_says(
    http: httpx.Client, separator: str
) -> None:
    told = validate(http, BAD.replace(",", separator), rules_file=RULES).json()

    assert (told["data_shape"], told["violations"][0]["row_indices"]) == ([2, 8], [1])
    said = told["as_import"]
    assert (said["separator"], said["error"], said["rows"], said["rejected"]) == (separator, None, 2, 1)
    assert [(one["line"], one["column"], one["value"]) for one in said["first_rejected"]] == [(3, "status", "DONE")]


def test_a_file_that_is_checked_by_other_rules_says_why_it_could_not_be_imported(http: httpx.Client) -> None:
    rules = {"rules": [{"type": "completeness", "name": "B", "columns": ["b"]}]}
    told = validate(http, "a;b\n1;2\n3;\n", custom=rules).json()

    assert (told["data_shape"], told["violations"][0]["row_indices"]) == ([2, 2], [1])
    said = told["as_import"]
    assert (said["separator"], said["rows"]) == (";", 0)
    assert said["error"].startswith("line 1: the header lacks specimen_id, assay, ")
    damaged = gzip.compress(GOOD.encode())[:-9]
    assert validate(http, damaged).status_code == 400


def test_the_report_of_a_file_comes_as_csv_without_formulas(http: httpx.Client) -> None:
    rules = RULES.replace("Statuses", "'=SUM(1)'")
    answer = validate(http, BAD, rules_file=rules, params={"format": "csv"})

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    [row] = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert row == {
        "rule_name": "'=SUM(1)",
        "description": "Known ones",
        "severity": "ERROR",
        "column": "status",
        "value": "['DONE']",
        "expected": "['COMPLETED']",
        "affected_rows": "1",
    }


def test_rules_that_cannot_be_read_are_refused_with_lines(http: httpx.Client) -> None:
    broken = RULES.replace("allowed_values\n", "no_such_type\n")
    for answer in (
        validate(http, BAD, rules_file=broken),
        http.post(f"{DQ}/rules/validate", json={"yaml": broken}),
        http.put(f"{DQ}/rules", json={"yaml": broken}),
    ):
        assert_problem(answer, 422, "invalid-rules")
        assert [(one["field"], one["line"]) for one in answer.json()["errors"]] == [("rules[0].rule_type", 4)]
    refused = http.post(f"{DQ}/rules/validate", json={"rules": [{"type": "nonsense", "name": "A"}]})
    assert [(one["field"], one["line"]) for one in refused.json()["errors"]] == [("rules[0].type", None)]
    assert_problem(validate(http, BAD, custom=[]), 422, "invalid-rules")


def test_what_is_wrong_with_rules_as_a_whole_is_told_by_the_name_of_their_field(http: httpx.Client) -> None:
    anchor = "rules:\n  - &a {}\n"
    for answer, field, line in (
        (validate(http, GOOD, rules_file=anchor), "rules_file", 2),
        (validate(http, GOOD, custom="rules"), "custom_rules", 1),
        (http.post(f"{DQ}/rules/validate", json={"yaml": anchor}), "yaml", 2),
        (http.put(f"{DQ}/rules", json={"yaml": "!a 1"}), "yaml", 1),
    ):
        assert_problem(answer, 422, "invalid-rules")
        assert [(one["field"], one["line"]) for one in answer.json()["errors"]] == [(field, line)]


def test_an_unknown_type_is_told_with_its_line_in_json_too(http: httpx.Client) -> None:
    rules = json.dumps({"rules": [{"name": "A", "description": "a", "rule_type": "nonsense"}]}, indent=1)
    answer = http.post(f"{DQ}/validate-csv", files={"file": ("a.csv", GOOD)}, data={"custom_rules": rules})
    assert_problem(answer, 422, "invalid-rules")
    assert [(one["field"], one["line"]) for one in answer.json()["errors"]] == [("rules[0].rule_type", 6)]


def test_files_that_are_no_table_and_forms_that_are_none_are_refused(http: httpx.Client) -> None:
    for content in (b"", b"\xff\xfe\x00", b"a,a\n1,2\n"):
        answer = validate(http, content)
        assert_problem(answer, 400, "validation-error")
        [error] = answer.json()["errors"]
        assert (error["field"], answer.json()["detail"]) == ("file", f"Validation error: {error['rule']}")
    assert validate(http, GOOD, more_rules="x").status_code == 422
    assert http.post(f"{DQ}/validate-csv", data={"custom_rules": "{}"}).status_code == 422
    assert http.post(f"{DQ}/validate-csv", json={}).status_code == 422
    assert validate(http, GOOD, params={"format": "xml"}).status_code == 422


def test_larger_files_than_other_bodies_are_taken_up_to_a_limit(http: httpx.Client) -> None:
    row = "SP1,CBC,M1,O1,COMPLETED,,2026-01-01T10:00:00Z,2026-01-01T11:00:00Z\n"
    large = HEADER + row * (9 * 1024 * 1024 // len(row))
    assert validate(http, large, rules_file=RULES).json()["violations"] == []
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    too_large = http.post(f"{DQ}/validate-csv", content=bytes(64 * 1024 * 1024 + 1), headers=headers)
    assert_problem(too_large, 413, "body-too-large")


def test_rules_are_tried_without_being_kept_and_every_template_is_a_rule(http: httpx.Client) -> None:
    templates = http.get(f"{DQ}/rules/templates").json()
    rules = [{**one["example"], "name": f"{n}"} for n, one in enumerate(templates["rule_types"])]
    answer = http.post(f"{DQ}/rules/validate", json={"rules": rules})
    assert answer.json() == {"status": "valid", "rules_loaded": 16, "message": "16 rules can be read"}
    answer = http.post(f"{DQ}/rules/validate", json={"yaml": templates["sample_rules"]})
    assert answer.json()["rules_loaded"] == 9
    both = {"yaml": templates["sample_rules"], "rules": rules}
    assert http.post(f"{DQ}/rules/validate", json=both).status_code == 422
    health = http.get(f"{DQ}/health").json()
    assert (health["status"], health["service"]) == ("healthy", "data-quality")


def ended(http: httpx.Client, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    give_up = time.monotonic() + 30
    while (run := http.get(answer.headers["location"]).json())["state"] == "running":
        assert time.monotonic() < give_up
        time.sleep(0.05)
    shown: dict[str, Any] = run
    return shown


def told(app: Served, event_type: str) -> int:
    with app.mongod.client() as client:
        commits = client[app.database]["labops_commits"].find()
        return sum(event_type in str(commit) for commit in commits)


def test_stored_rules_stored_specimens_history_and_a_worsening(app: Served, http: httpx.Client) -> None:
    first = http.get(f"{DQ}/rules")
    assert (first.json()["source"], first.json()["version"], first.headers["etag"]) == ("specimen_rules.yaml", 0, '"0"')
    kept = http.put(f"{DQ}/rules", json={"yaml": RULES}, headers={"If-Match": '"0"'})
    assert (kept.status_code, kept.json()["version"], kept.json()["yaml"]) == (200, 1, RULES)
    assert http.put(f"{DQ}/rules", json={"yaml": RULES}, headers={"If-Match": '"0"'}).status_code == 412
    assert http.put(f"{DQ}/rules", json={"yaml": RULES}).json()["version"] == 1
    assert http.get(f"{DQ}/rules", headers={"If-None-Match": '"1"'}).status_code == 304
    assert validate(http, BAD).json()["rules_source"] == "stored"

    put(app, http, [reading("SP000001", minutes=30), reading("SP000002", minutes=60)])
    good = ended(http, http.post(f"{DQ}/runs"))
    assert (good["state"], good["kind"], good["trigger"], good["rows"]) == ("completed", "specimens", "manual", 2)
    assert (good["rules_version"], good["violations"], good["worsened"]) == (1, [], [])

    put(app, http, [reading("SP000003", status="ERROR", error_code="E01")])
    worse = ended(http, http.post(f"{DQ}/runs"))
    [violation] = worse["violations"]
    assert (violation["row_indices"], violation["examples"][0]["value"]) == ([2], "ERROR")
    assert worse["worsened"] == [{"rule_name": "Statuses", "affected_rows": 1, "affected_rows_before": 0}]
    assert told(app, "labops.quality-worsened.v1") == 1
    same = ended(http, http.post(f"{DQ}/runs"))
    assert (same["worsened"], len(same["violations"])) == ([], 1)

    page = http.get(f"{DQ}/runs", params={"limit": 2}).json()
    assert [one["run_id"] for one in page["items"]] == [same["run_id"], worse["run_id"]]
    assert page["items"][0]["summary"]["total_violations"] == 1
    rest = http.get(f"{DQ}/runs", params={"limit": 2, "cursor": page["next_cursor"]}).json()
    assert ([one["run_id"] for one in rest["items"]], rest["next_cursor"]) == ([good["run_id"]], None)
    report = http.get(f"{DQ}/runs/{worse['run_id']}/report.csv")
    assert [row["rule_name"] for row in csv.DictReader(io.StringIO(report.text, newline=""))] == ["Statuses"]
    assert_problem(http.get(f"{DQ}/runs/none"), 404, "not-found")
    with app.client(Role.USER) as user:
        assert user.post(f"{DQ}/runs").status_code == user.put(f"{DQ}/rules", json={}).status_code == 403

    started = http.post(f"{API}/jobs/dq-check/run")
    assert started.status_code == 202, started.text
    give_up = time.monotonic() + 30
    while (run := http.get(started.headers["location"]).json())["outcome"] == "running":
        assert time.monotonic() < give_up
        time.sleep(0.05)
    assert (run["outcome"], run["counts"]["violations"], run["counts"]["rules_worsened"]) == ("succeeded", 1, 0)


def test_a_run_whose_process_is_gone_is_started_again_and_given_up_after_three(app: Served, http: httpx.Client) -> None:
    runner = app.service(QualityRunner)
    [resumer] = [one for one in app.running.app.state.services.get_services(HostedService) if is_resumer(one)]

    def followed(starts: int) -> dict[str, Any]:
        """Leave a run behind as so many dead processes would."""
        run_id = app.run(runner.begin_async("schedule")).run_id
        with app.mongod.client() as client:
            left = {"starts": starts, "started_at": datetime.now(UTC) - timedelta(hours=3)}
            client[app.database]["labops_quality_runs"].update_one({"_id": run_id}, {"$set": left})
        assert http.get(f"{DQ}/runs/{run_id}").json()["state"] in ("abandoned", "running")
        app.run(resumer.resume_async())
        return eventually(lambda: (got := http.get(f"{DQ}/runs/{run_id}").json())["ended_at"] and got, "its end")

    run = followed(1)
    assert (run["state"], run["trigger"], run["error"]) == ("completed", "schedule", None)
    run = followed(3)
    assert (run["state"], run["error"]) == ("failed", "its process ended 3 times in the middle of it")


def test_whoever_was_followed_by_another_keeps_nothing_of_a_run(app: Served) -> None:
    runs, runner = app.service(QualityRuns), app.service(QualityRunner)

    async def overtaken() -> None:
        begun = await runner.begin_async("manual")
        first = await runs.claim_async(begun.run_id, 1)
        assert await runs.claim_async(begun.run_id, 1) is None
        second = await runs.claim_async(begun.run_id, 2)
        assert not await runs.end_async(replace(first, state=QualityRunState.FAILED, error="late"), 1)
        assert await runs.end_async(replace(second, state=QualityRunState.FAILED, error="in time"), 2)
        assert (await runs.get_async(begun.run_id)).error == "in time"
        assert await runs.claim_async(begun.run_id, 3) is None

    app.run(overtaken())


def is_resumer(service: HostedService) -> bool:
    return isinstance(service, QualityRunResumer)


def test_every_import_is_checked_once_whatever_is_told_again(app: Served, http: httpx.Client) -> None:
    content = BAD.replace("specimen_id", " Specimen ID ")
    sent = http.post(f"{API}/specimens/import", files={"file": ("x.csv", content)})
    assert sent.status_code == 202, sent.text
    give_up = time.monotonic() + 30
    while not (runs := http.get(f"{DQ}/runs", params={"kind": "imports"}).json()["items"]) or not runs[0]["ended_at"]:
        assert time.monotonic() < give_up
        time.sleep(0.05)
    [run] = runs
    import_id = sent.headers["location"].rpartition("/")[2]
    assert (run["state"], run["import_id"], run["trigger"], run["rows"]) == ("completed", import_id, "import", 2)
    found = http.get(f"{DQ}/runs/{run['run_id']}").json()
    assert found["violations"][0]["examples"] == [{"row_index": 1, "line": 3, "value": "DONE"}]

    async def tell_again() -> None:
        feed = next(one for one in app.running.app.state.services.get_services(EventFeed) if one.log == "labops")
        facts, _ = await feed.read_log_async(0, 500, WhenImportEndedCheckIt.event_types)
        subscriber = WhenImportEndedCheckIt(app.service(QualityRunner), app.service(QualityRuns))
        for fact in facts:
            await subscriber.handle_async(fact)

    app.run(tell_again())
    again = http.get(f"{DQ}/runs", params={"kind": "imports"}).json()["items"]
    assert again == runs


def test_the_bundled_rules_count_again_and_a_run_takes_no_rules(app: Served, http: httpx.Client) -> None:
    kept = http.put(f"{DQ}/rules", json={"yaml": RULES}).json()
    stale = {"If-Match": f'"{kept["version"] + 1}"'}
    assert http.delete(f"{DQ}/rules", headers=stale).status_code == 412
    with app.client(Role.USER) as user:
        assert user.delete(f"{DQ}/rules").status_code == 403
    back = http.delete(f"{DQ}/rules", headers={"If-Match": f'"{kept["version"]}"'})
    assert (back.status_code, back.json()["source"]) == (200, "specimen_rules.yaml")
    assert (back.json()["version"], back.headers["etag"]) == (kept["version"] + 1, stale["If-Match"])
    assert http.delete(f"{DQ}/rules").json() == http.get(f"{DQ}/rules").json() == back.json()
    assert validate(http, GOOD).json()["rules_source"] == "specimen_rules.yaml"
    assert told(app, "labops.quality-rules-reset.v1") == 1
    problem = assert_problem(http.post(f"{DQ}/runs", json={"rules": []}), 422)
    assert problem["errors"][0]["field"].endswith("rules")
    assert ended(http, http.post(f"{DQ}/runs", json={}))["rules_source"] == "specimen_rules.yaml"
    assert http.put(f"{DQ}/rules", json={"yaml": RULES}).json()["source"] == "stored"
