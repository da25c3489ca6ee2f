"""Metrics that installed packages bring."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from api.kernel.authorization import Role
from application.labops.metrics.registry import COLUMNS
from domain.labops.values import SpecimenStatus
from integration.labops.table.engine import QUESTIONS_AT_ONCE
from tests.http.labops.test_metrics import READINGS, put
from tests.support.metric_package import DECISION, installed_metrics_package
from tests.support.mongo import LocalMongod
from tests.support.served import API, Served, served

METRICS = f"{API}/metrics"
ENDING = [
    "exiting",
    "interrupting",
    "cancelling",
    "stopping",
    "exiting-in-the-loop",
    "cancelling-in-the-loop",
    "exits-when-imported",
]


@contextmanager
def _limited(patch: pytest.MonkeyPatch) -> Iterator[None]:
    patch.setenv("LABKEEPER_LABOPS_PLUGIN_SECONDS", "6")
    yield


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with (
        pytest.MonkeyPatch.context() as patch,
        installed_metrics_package(tmp_path_factory.mktemp("package")),
        _limited(patch),
        served(shared_mongod, tmp_path_factory.mktemp("data")) as running,
    ):
        with running.client() as http:
            put(running, http, READINGS)
        yield running


@pytest.fixture
def http(app: Served) -> Iterator[httpx.Client]:
    with app.client(Role.USER) as client:
        yield client


def custom(http: httpx.Client, name: str, **params: Any) -> httpx.Response:
    return http.get(f"{METRICS}/custom/{name}", params=params)


def test_a_metric_in_sql_is_answered_as_a_table(http: httpx.Client) -> None:
    answer = custom(http, "by-operator")

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "columns": ["operator_id", "completed", "last"],
        "rows": [["O1", 11, "2026-02-03T16:00:00Z"]],
    }


def test_the_example_for_authors_works_as_it_is_written(http: httpx.Client) -> None:
    answer = custom(http, "failures-by-operator")

    assert answer.status_code == 200, answer.text
    assert answer.json() == {"columns": ["operator_id", "failed"], "rows": [["O1", 2]]}
    text = DECISION.read_text()
    assert "GET /api/v1/metrics/custom/failures-by-operator" in text
    listed = text.partition("`inputs` are some of")[2].partition("`specimens` has")[0]
    assert [name for name in COLUMNS if f"`{name}`" not in listed] == []
    assert [status for status in SpecimenStatus if f"`{status.value}`" not in listed] == []


def test_its_filters_are_those_of_all_metrics(http: httpx.Client) -> None:
    assert custom(http, "by-operator", assay="PCR").json()["rows"] == [["O1", 1, "2026-02-03T16:00:00Z"]]
    assert custom(http, "by-operator", to="2026-02-03T09:00:00Z").json()["rows"][0][1] == 1


def test_it_is_not_computed_again_while_nothing_moves(http: httpx.Client) -> None:
    tag = custom(http, "by-operator").headers["ETag"]

    answer = http.get(f"{METRICS}/custom/by-operator", headers={"If-None-Match": tag})
    assert answer.status_code == 304


def test_a_metric_in_python_is_answered_as_a_table(http: httpx.Client) -> None:
    answer = custom(http, "longest", assay="CBC")

    assert answer.json() == {"columns": ["specimen_id", "minutes"], "rows": [["SP000010", 300.0]]}


@pytest.mark.parametrize("name", ["failing", "shapeless", "curious", "wrong", "needy", "unimportable", *ENDING])
def test_one_that_fails_is_named_and_harms_nobody(http: httpx.Client, name: str) -> None:
    answer = custom(http, name)

    assert answer.status_code == 502, answer.text
    assert name in answer.json()["detail"]
    assert http.get(f"{METRICS}/tat").status_code == 200


@pytest.mark.parametrize("name", ["runaway-sql", "runaway-python"])
def test_one_that_does_not_end_is_given_up_at_the_limit(http: httpx.Client, name: str) -> None:
    asked_at = time.monotonic()
    answer = custom(http, name)

    assert answer.status_code == 502, answer.text
    assert f"metric {name} of labkeeper_sample_metrics 1.2 failed: it took longer than 6 s" in answer.json()["detail"]
    assert "LABKEEPER_LABOPS_PLUGIN_SECONDS" in answer.json()["detail"]
    assert time.monotonic() - asked_at < 30


def test_runaway_questions_leave_their_threads_to_others(app: Served) -> None:
    def ask(number: int) -> int:
        with app.client(Role.USER) as client:
            return custom(client, "runaway-sql", machine_id=f"M{number}").status_code

    with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as askers:
        assert set(askers.map(ask, range(QUESTIONS_AT_ONCE))) == {502}
    with app.client(Role.USER) as client:
        assert client.get(f"{METRICS}/tat", params={"machine_id": "M7"}).status_code == 200


def test_more_rows_than_anybody_reads_are_refused(http: httpx.Client) -> None:
    assert custom(http, "greedy").status_code == 422


def test_what_cannot_be_loaded_is_listed_with_the_reason(http: httpx.Client) -> None:
    listed = http.get(METRICS).json()
    errors = {entry["name"]: entry["error"] for entry in listed if entry["source"] != "built-in"}

    assert {name for name, error in errors.items() if error is None} >= {"by-operator", "longest", "failing"}
    assert "patient_id" not in errors["needy"]
    assert "columns of specimens" in errors["needy"]
    assert "neither sql nor compute" in errors["empty"]
    assert "no subclass" in errors["number"]
    assert "NotThere" in errors["missing"]
    assert "labkeeper_no_such_module" in errors["unimportable"]
    assert "there is a metric tat already" in errors["tat"]
    assert {entry["source"] for entry in listed} == {"built-in", "labkeeper_sample_metrics 1.2"}
    own = next(entry for entry in listed if entry["name"] == "tat")
    assert own["source"] == "built-in"
    assert own["error"] is None
