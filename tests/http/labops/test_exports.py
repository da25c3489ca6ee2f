"""Tables for reporting tools over HTTP."""

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyarrow.parquet
import pytest

from api.kernel.authorization import Role
from application.labops.spreadsheets import FORMULA_STARTS
from tests.http.labops.test_metrics import METRICS, READINGS, put, reading
from tests.support.mongo import LocalMongod
from tests.support.served import API, Served, served

EXPORTS = f"{API}/exports"
EVIL = "=1+1"


@contextmanager
def in_berlin() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LABKEEPER_LABOPS_TIMEZONE", "Europe/Berlin")
        yield


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with in_berlin(), served(shared_mongod, tmp_path_factory.mktemp("data")) as running:
        with running.client() as http:
            evil = reading(
                "@SUM(A1)", assay=EVIL, machine_id="\uff0d2", operator_id="+O", status="ERROR", error_code="=E"
            )
            put(running, http, [*READINGS, evil])
        yield running


@pytest.fixture
def http(app: Served) -> Iterator[httpx.Client]:
    with app.client(Role.USER) as client:
        yield client


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def test_specimens_have_the_columns_of_the_kit(http: httpx.Client) -> None:
    answer = http.get(f"{EXPORTS}/specimens.csv")

    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="specimens.csv"'
    found = {row["specimen_id"]: row for row in rows(answer)}
    assert len(found) == len(READINGS) + 1
    assert found["BL000001"] == {
        "specimen_id": "BL000001",
        "patient_id": "",
        "assay_type": "PCR",
        "status": "ERROR",
        "received_at": "2026-02-03T08:00:00.000Z",
        "processed_at": "",
        "priority": "",
        "lab_technician": "O1",
        "error_code": "E03",
    }


def test_no_cell_is_a_formula(http: httpx.Client) -> None:
    for table in ("specimens", "assay_types", "machines", "daily_metrics"):
        for row in rows(http.get(f"{EXPORTS}/{table}.csv")):
            assert not [cell for cell in row.values() if cell.startswith(FORMULA_STARTS)], row
    last = rows(http.get(f"{EXPORTS}/specimens.csv", params={"assay": EVIL}))
    assert [last[0][name] for name in ("specimen_id", "assay_type", "lab_technician", "error_code")] == [
        "'@SUM(A1)",
        "'=1+1",
        "'+O",
        "'=E",
    ]
    machines = rows(http.get(f"{EXPORTS}/machines.csv", params={"assay": EVIL}))
    assert [row["machine_id"] for row in machines] == ["'\uff0d2"]


def test_assay_types_and_machines_come_from_the_specimens(http: httpx.Client) -> None:
    assays = {row["assay_type"]: row for row in rows(http.get(f"{EXPORTS}/assay_types.csv"))}
    assert list(assays["PCR"]) == [
        "assay_type",
        "category",
        "typical_tat_hours",
        "priority_level",
        "total_count",
        "completion_rate",
    ]
    assert (assays["PCR"]["typical_tat_hours"], assays["PCR"]["completion_rate"]) == ("5.0", "33.33")
    assert assays["CBC"]["total_count"] == "11"
    machines = {row["machine_id"]: row for row in rows(http.get(f"{EXPORTS}/machines.csv"))}
    assert list(machines["M1"]) == ["machine_id", "machine_name", "assay_types", "capacity_per_hour", "status"]
    assert machines["M1"]["assay_types"] == "CBC"


def test_daily_metrics_are_percent_of_the_labs_day(http: httpx.Client) -> None:
    params = {"machine_id": "M2"}
    assert rows(http.get(f"{EXPORTS}/daily_metrics.csv", params=params)) == [
        {
            "date": "2026-02-03",
            "total_specimens": "3",
            "completed_specimens": "1",
            "avg_tat_hours": "5.0",
            "error_rate": "66.67",
            "error_count": "2",
        }
    ]


def test_parquet_holds_what_was_said_with_its_types(http: httpx.Client) -> None:
    answer = http.get(f"{EXPORTS}/specimens.parquet", params={"assay": EVIL})
    assert answer.status_code == 200
    [row] = pyarrow.parquet.read_table(io.BytesIO(answer.content)).to_pylist()

    assert row["specimen_id"] == "@SUM(A1)"
    assert row["received_at"] == datetime(2026, 2, 3, 8, tzinfo=UTC)
    for table in ("assay_types", "machines", "daily_metrics"):
        answer = http.get(f"{EXPORTS}/{table}.parquet")
        assert pyarrow.parquet.read_table(io.BytesIO(answer.content)).num_rows > 0


@pytest.mark.parametrize("table", ["specimens", "assay_types", "machines", "daily_metrics"])
def test_without_specimens_there_is_a_header_alone(http: httpx.Client, table: str) -> None:
    params = {"to": "2001-01-01T00:00:00Z"}
    answer = http.get(f"{EXPORTS}/{table}.csv", params=params)

    assert answer.status_code == 200
    assert len(answer.text.splitlines()) == 1
    parquet = http.get(f"{EXPORTS}/{table}.parquet", params=params)
    assert pyarrow.parquet.read_table(io.BytesIO(parquet.content)).num_rows == 0


def test_times_without_an_offset_are_the_labs_wherever_they_are_given(app: Served, http: httpx.Client) -> None:
    def received(**window: str) -> int:
        return len(rows(http.get(f"{EXPORTS}/specimens.csv", params={"assay": "CBC", **window})))

    # All were received at 08:00 UTC, which is 09:00 in Berlin.
    assert received(**{"from": "2026-02-03T09:00:00"}) == received(**{"from": "2026-02-03T08:00:00Z"}) == 11
    assert received(**{"from": "2026-02-03T09:00:00.001"}) == received(to="2026-02-03T09:00:00") == 0
    day = http.get(f"{METRICS}/throughput", params={"grain": "day", "to": "2026-02-04T00:00:00"}).json()
    assert day["data"] == [{"timestamp": "2026-02-03T00:00:00+01:00", "count": 11}]
    wip = http.get(f"{METRICS}/wip/series", params={"grain": "day", "to": "2026-02-03T09:31:00", "assay": "CBC"}).json()
    assert wip["data"] == [
        {"timestamp": "2026-02-03T00:00:00+01:00", "received": 10, "in_process": 0, "total_open": 10}
    ]
    item = reading("ZONED", status="RECEIVED", assay="Zoned") | {"received_at": "2026-07-03T09:00:00"}
    with app.client() as manager:
        put(app, manager, [item])
        assert manager.get(f"{API}/specimens/ZONED").json()["received_at"] == "2026-07-03T07:00:00Z"
    listed = http.get(f"{API}/specimens", params={"from": "2026-07-03T09:00:00", "to": "2026-07-03T09:00:00.001"})
    assert [one["specimen_id"] for one in listed.json()["items"]] == ["ZONED"]


def test_what_has_not_changed_is_not_made_again(http: httpx.Client) -> None:
    first = http.get(f"{EXPORTS}/machines.csv")
    headers = {"If-None-Match": first.headers["ETag"]}

    assert http.get(f"{EXPORTS}/machines.csv", headers=headers).status_code == 304
    assert http.get(f"{EXPORTS}/machines.csv", params={"assay": "PCR"}, headers=headers).status_code == 200


def test_head_tells_what_is_known_without_making_a_file(
    http: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = http.get(f"{EXPORTS}/machines.parquet")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    head = http.head(f"{EXPORTS}/machines.parquet")

    assert (head.status_code, head.content, "content-length" in head.headers) == (200, b"", False)
    for name in ("etag", "content-type", "content-disposition"):
        assert head.headers[name] == asked.headers[name]
    known = {"If-None-Match": asked.headers["ETag"]}
    assert http.head(f"{EXPORTS}/machines.parquet", headers=known).status_code == 304
    assert http.head(f"{EXPORTS}/patients.csv").status_code == 404


@pytest.mark.parametrize("name", ["specimens", "specimens.xlsx", "patients.csv", "specimens.csv.csv", ".csv"])
def test_what_cannot_be_exported_is_not_there(http: httpx.Client, name: str) -> None:
    assert http.get(f"{EXPORTS}/{name}").status_code == 404
