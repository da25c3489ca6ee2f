"""Imports over HTTP, on the whole application: upload, progress, report, end."""

import csv
import gzip
import io
import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from api.kernel.authorization import Role
from cli.app import app as command
from tests.support.mongo import LocalMongod
from tests.support.served import API, Served, assert_problem, eventually, served

HEADER = "specimen_id,assay,machine_id,operator_id,status,error_code,received_at,processed_at"
UPLOAD = f"{API}/specimens/import"


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(shared_mongod, Path(tmp_path_factory.mktemp("imports"))) as running:
        yield running


@pytest.fixture(scope="module")
def http(app: Served) -> Iterator[httpx.Client]:
    with app.client(Role.MANAGER) as client:
        yield client


def upload(http: httpx.Client, content: bytes | str, name: str = "specimens.csv") -> str:
    data = content.encode() if isinstance(content, str) else content
    answer = http.post(UPLOAD, files={"file": (name, data, "text/csv")})
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"{API}/imports/{answer.json()['import_id']}"
    return str(answer.headers["location"])


def imported(http: httpx.Client, content: bytes | str, **options: Any) -> dict[str, Any]:
    """Upload a file and return its import once it has ended."""
    path = upload(http, content, **options)

    def ended() -> dict[str, Any] | None:
        run: dict[str, Any] = http.get(path).json()
        return run if run["state"] not in ("queued", "running") else None

    return eventually(ended, "the import has ended")


def counts(run: dict[str, Any]) -> tuple[int, int, int, int]:
    return run["rows_read"], run["rows_applied"], run["rows_unchanged"], run["rows_rejected"]


def report(http: httpx.Client, run: dict[str, Any]) -> list[list[str]]:
    answer = http.get(f"{API}/imports/{run['import_id']}/report.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["line", "column", "value", "reason"]
    return rows[1:]


def test_a_file_is_taken_and_taken_again_changes_nothing(app: Served, http: httpx.Client) -> None:
    rows = [f"A{n:05d},CBC,M1,O1,COMPLETED,,2026-03-01T08:00:00,2026-03-01T09:00:00" for n in range(2500)]
    content = "\n".join([HEADER, *rows])
    run = imported(http, content)
    assert (run["state"], run["error"]) == ("completed", None)
    assert counts(run) == (2500, 2500, 0, 0)
    assert run["file_name"] == "specimens.csv"
    assert run["size"] == run["bytes_read"] == len(content)
    assert report(http, run) == []
    again = imported(http, gzip.compress(content.encode()), name="again.csv.gz")
    assert counts(again) == (2500, 0, 2500, 0)
    history = http.get(f"{API}/specimens/A00007/history").json()["items"]
    assert [(fact["version"], fact["actor"]) for fact in history] == [(1, "tester"), (2, "tester")]
    # The first line is the header; a row of the second file has changed nothing.
    assert {(fact["import_id"], fact["import_line"]) for fact in history} == {(run["import_id"], 9)}
    with app.mongod.client() as client:
        stored = list(client[app.database]["labops_commits"].find({"e.type": "labops.import-ended.v1"}))
        assert [one["e"][0]["data"]["rows_applied"] for one in stored[-2:]] == [2500, 0]


def test_bad_rows_are_told_and_good_ones_kept(http: httpx.Client) -> None:
    content = "\r\n".join(
        [
            "\ufeff received_at ,STATUS,specimen_id,assay,machine_id,operator_id,processed_at,error_code,note",
            "2026-03-01 08:00,completed,B1,CBC,M1,O1,2026-03-01T09:30:00+01:00,,x",
            '2026-03-01 08:00,received,"B\n2",CBC,M1,O1,,,x',
            '2026-03-01 08:00,received,B3,CBC,M1,O1,,,"a note\nin two lines"',
            "2026-03-01 08:00,completed,B4,CBC,M1,O1,2026-03-01 07:59,,x",
            "2026-03-01 08:00,lost,B5,CBC,M1,O1,,,x",
            "2026-03-01 08:00,received,B6,CBC,M1,O1",
            "=1+1,received,B7,CBC,M1,O1,,,x",
            "2026-03-01 08:00,received,B1,PCR,M1,O1,,,x",
            "",
            "2026-03-01 08:00,error,B8,CBC,M1,O1,None,E01,x",
            "2026-03-01T07:00:00,error,B8,CBC,M1,O1,,E01,x",
            '"\n=1+1",received,B9,CBC,M1,O1,,,x',
        ]
    )
    run = imported(http, content)
    assert run["state"] == "completed", run
    assert counts(run) == (11, 3, 0, 8)
    assert run["ignored_columns"] == ["note"]
    found = report(http, run)
    assert [(row[0], row[1], row[2]) for row in found] == [
        ("3", "specimen_id", "B\n2"),
        ("7", "processed_at", "2026-03-01 07:59"),
        ("8", "status", "lost"),
        ("9", "", "2026-03-01 08:00,received,B6,CBC,M1,O1"),
        ("10", "received_at", "'=1+1"),
        ("11", "assay", "PCR"),
        ("14", "received_at", "2026-03-01T07:00:00"),
        ("15", "received_at", "'\n=1+1"),
    ]
    assert found[6][3] == "is 2026-03-01T08:00:00Z in what is known of B8"
    assert http.get(f"{API}/specimens/B1").json()["processed_at"] == "2026-03-01T08:30:00Z"
    assert http.get(f"{API}/specimens/B8").json()["error_code"] == "E01"


def test_rows_of_one_specimen_are_taken_in_their_order(http: httpx.Client) -> None:
    rows = [
        "C1,CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,",
        "C1,CBC,M1,O1,IN_PROCESS,,2026-03-01T08:00:00,",
        "C1,CBC,M1,O1,COMPLETED,,2026-03-01T08:00:00,2026-03-01T09:00:00",
        "C1,CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,",
        "C1,CBC,M2,O1,COMPLETED,,2026-03-01T08:00:00,2026-03-01T10:00:00",
    ]
    assert counts(imported(http, "\n".join([HEADER, *rows]))) == (5, 4, 1, 0)
    shown = http.get(f"{API}/specimens/C1/history").json()["items"]
    assert [fact["status"] for fact in shown] == ["RECEIVED", "IN_PROCESS", "COMPLETED", "COMPLETED"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a,b\n1,2\n", "the header lacks specimen_id"),
        (b"\xff\xfea\x00b\x00", "not text"),
        (b"\n\n", "empty"),
        (gzip.compress((HEADER + "\n").encode() * 100)[:-10], "damaged"),
        ((HEADER + ',assay\n"').encode(), "twice"),
        ((HEADER + '\n"' + "x" * 1_100_000).encode(), "line 2"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(http: httpx.Client, content: bytes, why: str) -> None:
    run = imported(http, content)
    assert run["state"] == "failed"
    assert why in run["error"]


def row(specimen_id: str, assay: str = "CBC", received_at: str = "2026-03-01T08:00:00", more: str = "") -> str:
    return f"{specimen_id},{assay},M1,O1,RECEIVED,,{received_at},{more}"


GOES_ON = {
    "Latin-1 in a row": "\n".join([HEADER, row("V1"), row("V2", "C\xfc"), row("V3")]).encode("latin-1"),
    "line ends of an old Mac": "\r".join([HEADER, row("V4"), "", row("V5", "")]).encode(),
    "a value that is too long": f"{HEADER},note\n{row('V6')},{'x' * 140_000}\n{row('V7')},y\n".encode(),
    "a quote in the wrong place": f'{HEADER}\n"V8"x,CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,\n{row("V9")}'.encode(),
    "rows that contradict each other": "\n".join(
        (
            HEADER,
            row("VA"),
            row("VB"),
            row("VA", "PCR"),
            row("VB"),
            row("VC", ""),
            row("VB", received_at="2026-03-01 9:00"),
            row("VB", received_at="2026-03-01 09:00:00"),
        )
    ).encode(),
    "the line of a spreadsheet": f"sep=;\r\n{HEADER}\r\n{row('VD')}\r\n{row('VE', '')}".replace(",", ";").encode(),
}
ENDS = {
    "a header that names a column twice": (f"{HEADER},assay\n{row('VF')},\n".encode(), "names assay twice"),
    "a header alone that is no text": (f"{HEADER},n\xf6te\n".encode("latin-1"), "is not text in UTF-8"),
    "gzip that is none": (b"\x1f\x8bgarbage", "the gzip file is damaged or cut off"),
    "gzip that is cut off": (gzip.compress(f"{HEADER}\n{row('VG')}\n".encode())[:-9], "damaged or cut off"),
    "a byte order mark alone": ("\ufeff".encode(), "is empty; the first row must name the columns"),
    "a row without an end": (f'{HEADER}\n{row("VH")}\n"{"x" * 1_100_000}'.encode(), "line 3: a row has more than"),
}


def tried_and_imported(http: httpx.Client, content: bytes) -> tuple[httpx.Response, dict[str, Any]]:
    """Check a file, then import it: what the check said of it must have become true."""
    checked = http.post(f"{API}/dq/validate-csv", files={"file": ("x.csv", content)})
    said, run = checked.json()["as_import"], imported(http, content)
    assert (said["error"], said["rows"], said["rejected"]) == (run["error"], run["rows_read"], run["rows_rejected"])
    assert said["ignored_columns"] == run["ignored_columns"]
    told = [[str(one["line"]), one["column"], one["value"], one["reason"]] for one in said["first_rejected"]]
    assert told == report(http, run)
    return checked, run


@pytest.mark.parametrize("name", GOES_ON)
def test_a_check_of_a_file_says_what_an_import_says_afterwards(http: httpx.Client, name: str) -> None:
    checked, run = tried_and_imported(http, GOES_ON[name])
    assert (checked.status_code, run["state"], run["error"]) == (200, "completed", None)
    assert run["rows_rejected"]
    assert checked.json()["data_shape"][0] == run["rows_read"]


@pytest.mark.parametrize("name", ENDS)
def test_a_file_that_ends_an_import_is_refused_by_a_check_in_the_same_words(http: httpx.Client, name: str) -> None:
    content, why = ENDS[name]
    checked, run = tried_and_imported(http, content)
    assert_problem(checked, 400, "validation-error")
    assert why in run["error"]
    assert checked.json()["detail"] == f"Validation error: {run['error']}"


def test_a_file_that_only_a_check_refuses_says_that_an_import_would_take_it(http: httpx.Client) -> None:
    wide = ",".join(f"c{number}" for number in range(1100))
    checked, run = tried_and_imported(http, f"{HEADER},{wide}\n{row('VI')}{',' * 1100}\n".encode())
    assert_problem(checked, 400, "validation-error")
    assert (run["state"], run["rows_applied"]) == ("completed", 1)


def test_an_empty_file_is_refused_in_the_same_words_by_both(http: httpx.Client) -> None:
    checked = http.post(f"{API}/dq/validate-csv", files={"file": ("x.csv", b"")})
    refused = http.post(UPLOAD, files={"file": ("x.csv", b"")})
    assert (checked.status_code, refused.status_code) == (400, 422)
    assert f"Validation error: the {refused.json()['detail']}" == checked.json()["detail"]
    assert checked.json()["as_import"]["error"] == f"the {refused.json()['detail']}"


def test_progress_is_told_until_the_end(http: httpx.Client) -> None:
    rows = [f"D{n:05d},CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00," for n in range(3000)]
    path = upload(http, "\n".join([HEADER, *rows]))
    told: list[dict[str, Any]] = []
    with http.stream("GET", f"{path}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        told += [json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:")]
    assert told[-1]["state"] == "completed"
    assert [run["rows_read"] for run in told] == sorted(run["rows_read"] for run in told)
    assert http.get(f"{API}/imports", params={"limit": 1}).json()["items"][0] == told[-1]


def test_an_import_can_be_ended(http: httpx.Client) -> None:
    rows = [f"E{n:06d},CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00," for n in range(40_000)]
    path = upload(http, "\n".join([HEADER, *rows]))
    answer = http.delete(path)
    assert answer.status_code == 202, answer.text
    run = eventually(lambda: (r := http.get(path).json())["state"] == "cancelled" and r, "it is cancelled")
    assert run["rows_read"] < 40_000
    assert run["cancelling"] is False
    again = http.delete(path)
    assert (again.status_code, again.json()) == (200, run)
    done = imported(http, HEADER)
    assert_problem(http.delete(f"{API}/imports/{done['import_id']}"), 409)


@pytest.mark.parametrize("import_id", ["nope", "0123", "x" * 300])
def test_what_is_no_import_is_not_found(http: httpx.Client, import_id: str) -> None:
    path = f"{API}/imports/{import_id}"
    for answer in (http.get(path), http.delete(path), http.get(f"{path}/report.csv"), http.get(f"{path}/events")):
        assert_problem(answer, 404, "not-found")


def test_the_command_imports_what_comes_through_a_pipe(app: Served) -> None:
    content = f"{HEADER}\nPIPE1,CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,\n"
    variables = {"LABKEEPER_URL": app.url, "LABKEEPER_TOKEN": app.running.token(Role.MANAGER)}
    done = CliRunner().invoke(command, ["specimens", "import", "-", "--json"], input=content, env=variables)
    assert done.exit_code == 0, done.output
    run = json.loads(done.stdout)
    assert (run["file_name"], run["size"], run["rows_applied"]) == ("standard-input.csv", len(content), 1)


def test_a_sender_who_hangs_up_is_no_surprise(app: Served, caplog: pytest.LogCaptureFixture) -> None:
    there = httpx.URL(app.url)
    head = f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {app.running.token(Role.MANAGER)}\r\n"
    head += "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 5000\r\n\r\n--x\r\n"
    with caplog.at_level(logging.INFO, "labkeeper"):
        with socket.create_connection((there.host, there.port or 80)) as connection:
            connection.sendall(head.encode())
            time.sleep(0.1)

        def told() -> list[logging.LogRecord]:
            return [one for one in caplog.records if "StartImportCommand" in one.getMessage()]

        eventually(told, "the log has it")
    assert [one.levelname for one in told()] == ["INFO"]


def test_what_is_no_upload_is_refused(app: Served, http: httpx.Client) -> None:
    assert_problem(http.post(UPLOAD, content=b"x"), 415)
    problem = assert_problem(http.post(UPLOAD, files={"other\n": ("a.csv", b"x")}), 422)
    assert problem["detail"] == "file is the only part that may be sent, not other%0A"
    assert_problem(http.post(UPLOAD, files={"file": ("a.csv", b"")}), 422)
    assert_problem(http.post(UPLOAD, files=[("file", ("a", b"x")), ("file", ("b", b"x"))]), 422)
    cut = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\nabc'
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    assert_problem(http.post(UPLOAD, content=cut, headers=kind), 400)
    assert_problem(http.get(f"{API}/imports/0123"), 404)
    assert_problem(http.get(f"{API}/imports/0123/report.csv"), 404)
    assert_problem(http.get(f"{API}/imports/0123/events"), 404)
    with app.client(Role.USER) as user:
        assert_problem(user.post(UPLOAD, files={"file": ("a.csv", b"x")}), 403)
        assert user.get(f"{API}/imports").status_code == 200
