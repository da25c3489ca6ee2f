"""Synthetic specimens, and the reading of files: what a row becomes, or why it becomes nothing."""

import csv
import gzip
import io
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from application.labops.imports.csv_rows import CsvRows, UnreadableFileError
from application.labops.imports.import_ids import ImportIds, imported_row, row_command
from application.labops.imports.specimen_rows import Batch, SpecimenRows
from application.labops.imports.tried_import import try_import
from application.labops.specimens.synthetic import synthetic_readings
from application.labops.spreadsheets import harmless
from cli.app import app
from domain.kernel.clock import SystemClock
from domain.labops.values import SpecimenReading, SpecimenStatus
from integration.labops.rows_by_specimen import SpillingRows

HEADER = "specimen_id,assay,machine_id,operator_id,status,error_code,received_at,processed_at"
UNTIL = datetime(2026, 3, 1, tzinfo=UTC)


def rows_of(content: bytes, piece: int = 1 << 20) -> CsvRows:
    places = iter(range(0, len(content) + piece, piece))
    return CsvRows(lambda: content[(at := next(places, len(content))) : at + piece], 1 << 24)


def read(content: str | bytes, zone: str = "UTC") -> Batch:
    data = content if isinstance(content, bytes) else content.encode()
    return SpecimenRows(rows_of(data), ZoneInfo(zone)).take(1000)


def generated(count: int = 2000, seed: int = 1) -> list[SpecimenReading]:
    return list(synthetic_readings(count, seed=seed, days=3, error_rate=0.07, until=UNTIL))


def test_synthetic_specimens_are_the_same_for_the_same_seed_and_like_the_kits() -> None:
    found = generated()
    assert found == generated()
    assert found != generated(seed=2)
    assert len({one.specimen_id for one in found}) == len(found)
    assert [one.received_at for one in found] == sorted(one.received_at for one in found)
    failed = [one for one in found if one.status is SpecimenStatus.ERROR]
    assert 0.04 < len(failed) / len(found) < 0.1
    assert all(one.processed_at is None and one.error_code for one in failed)
    done = [one for one in found if one.processed_at is not None]
    minutes = [(one.processed_at - one.received_at).total_seconds() / 60 for one in done if one.processed_at]
    assert 29 < min(minutes) < max(minutes) < 481
    assert all(one.processed_at is None or one.processed_at <= UNTIL for one in found)
    assert {one.status for one in found} == set(SpecimenStatus)


def test_what_is_generated_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "specimens.csv"
    arguments = ["--count", "500", "--seed", "1", "--until", "2026-03-01T00:00:00Z", "--output", str(file)]
    done = CliRunner().invoke(app, ["specimens", "generate", *arguments])
    assert (done.exit_code, done.output) == (0, "")
    batch = read(file.read_bytes())
    assert [reading for _, reading in batch.rows] == generated(500)
    assert [line for line, _ in batch.rows] == list(range(2, 502))


def test_files_of_other_numbers_share_no_ids_and_a_dash_is_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ids: list[str] = []
    for seed, first in ((1, 0), (2, 5)):
        arguments = ["--count", "18", "--seed", str(seed), "--first-number", str(first), "--output", "-"]
        done = CliRunner().invoke(app, ["specimens", "generate", *arguments])
        assert done.exit_code == 0, done.output
        ids += [row["specimen_id"] for row in csv.DictReader(io.StringIO(done.stdout))]
    assert (len(ids), len(set(ids))) == (36, 36)
    assert {int(one[2:]) for one in ids} == set(range(10))
    assert not list(tmp_path.iterdir())
    refused = CliRunner().invoke(app, ["specimens", "generate", "--count", "5", "--first-number", "999999"])
    assert (refused.exit_code != 0, "," in refused.stdout) == (True, False)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_header_may_have_line_breaks_in_names_and_what_spreadsheets_put_between_them(mark: str, end: str) -> None:
    named = [*HEADER.split(","), f'"No{end}te"']
    fields = ["S1", '"CBC, fast"', "M1", "O1", "RECEIVED", "", "2026-03-01T08:00:00", "", "1,5" if mark != "," else "x"]
    text = end.join(["\ufeff", mark.join(named), mark.join(fields), mark.join(fields[:3])])
    file = SpecimenRows(rows_of(text.encode(), piece=7), UTC)
    batch = file.take(10)
    assert [(line, row.assay) for line, row in batch.rows] == [(4, "CBC, fast")]
    assert [(row.line, row.reason) for row in batch.rejected] == [(5, "has 3 columns; the header has 9")]
    assert file.ignored == ("no te",)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (HEADER.encode() + b",n\xf6te", "line 1: the header is not text in UTF-8"),
        (HEADER.encode() + b",\x00", "line 1: the header holds NUL characters; the file must be text in UTF-8"),
        (HEADER.replace(",", ";").replace("assay;", "").encode(), "line 1: the header lacks assay"),
        (b'"specimen_id"x,assay', "line 1: the header cannot be read: ',' expected after '\"'"),
    ],
)
def test_a_header_that_is_none_is_refused_with_the_true_reason(header: bytes, why: str) -> None:
    with pytest.raises(UnreadableFileError) as refused:
        SpecimenRows(rows_of(header), UTC)
    assert str(refused.value) == why


def test_times_without_offset_are_the_labs() -> None:
    row = "S1,CBC,M1,O1,COMPLETED,,2026-07-01T10:00:00,2026-07-01T10:30:00+00:00"
    [(_, reading)] = read(f"{HEADER}\n{row}", "Europe/Berlin").rows
    assert reading.received_at == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert reading.processed_at == datetime(2026, 7, 1, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (b"S\xff1,CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,", "specimen_id", "must be text in UTF-8"),
        (b"S1,CBC,M1,O1,RECEIVED,,2026-03-01,", "received_at", "must be a date and a time"),
        (b"S1,CBC,M1,O1,RECEIVED,,2026-03-01T08:00+01,,", "", "has 9 columns; the header has 8"),
        (b",CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,", "specimen_id", "must not be empty"),
        (b"S1,CBC,M1,O1,RECEIVED,,9999-12-31T23:00:00Z,", "received_at", "must be before the year 2200"),
        (b"S1,CBC,M1,O1,COMPLETED,E01,2026-03-01T08:00:00,", "error_code", "must be empty"),
        (b'"S1"x,CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,', "", "cannot be read"),
        (b'"S1,CBC', "", "cannot be read"),
        (b"S1," + b"x" * 140_000 + b",M1,O1,RECEIVED,,2026-03-01T08:00:00,", "", "cannot be read"),
    ],
)
def test_a_bad_row_names_its_column_and_the_next_one_is_read(row: bytes, column: str, reason: str) -> None:
    good = b"S9,CBC,M1,O1,RECEIVED,,2026-03-01T08:00+01,"
    batch = read(HEADER.encode() + b"\n" + good + b"\n" + row)
    [rejected] = batch.rejected
    assert (rejected.line, rejected.column) == (3, column)
    assert rejected.reason.startswith(reason)
    assert batch.rows[0][1].received_at == datetime(2026, 3, 1, 7, tzinfo=UTC)


def test_work_over_the_hour_that_the_labs_clock_shows_twice_takes_its_minutes() -> None:
    row = "S1,CBC,M1,O1,COMPLETED,,2026-10-25T02:50:00,2026-10-25T02:10:00,"
    [(_, reading)] = read(f"{HEADER},started_at\n{row}2026-10-25T02:05:00", "Europe/Berlin").rows
    assert [at and at.isoformat() for at in (reading.received_at, reading.started_at, reading.processed_at)] == [
        "2026-10-25T00:50:00+00:00",
        "2026-10-25T01:05:00+00:00",
        "2026-10-25T01:10:00+00:00",
    ]


def test_a_file_of_several_gzip_members_is_read_to_its_end() -> None:
    rows = [f"S{number},CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,\n" for number in range(4)]
    parts = ["\ufeff" + HEADER + "\n", *rows[:2], "".join(rows[2:])]
    batch = read(b"".join(gzip.compress(part.encode()) for part in parts))
    assert [(line, reading.specimen_id) for line, reading in batch.rows] == [(2, "S0"), (3, "S1"), (4, "S2"), (5, "S3")]


def test_rows_before_the_place_where_a_file_is_cut_off_are_taken() -> None:
    rows = [f"S{number},CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,\n" for number in range(5_000)]
    packed = gzip.compress((HEADER + "\n" + "".join(rows)).encode())
    found = SpecimenRows(rows_of(packed[: len(packed) // 2]), UTC)
    ids: list[str] = []

    def take_all() -> None:
        while True:
            ids.extend(reading.specimen_id for _, reading in found.take(1_000).rows)

    with pytest.raises(UnreadableFileError, match="cut off"):
        take_all()
    assert len(ids) > 1_000
    assert len(ids) % 1_000
    assert ids == [f"S{number}" for number in range(len(ids))]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_row_is_named_by_the_physical_line_on_which_it_begins(end: str) -> None:
    row = 'S{},CBC,M1,"O\n1",RECEIVED,,2026-03-01T08:00:00,'
    content = end.join(
        [HEADER, "", 'S1,"C\r\nB\nC",M1,O1,LOST,,2026-03-01T08:00:00,', row.format(2), "", row.format(3)]
    )
    assert [one.line for one in read(content).rejected] == [3, 6, 9]


def test_rows_are_passed_over_as_they_were_counted() -> None:
    content = "\n".join(
        [HEADER, *(f"S{n},CBC,M1,O1,{'?' if n % 3 else 'RECEIVED'},,2026-03-01T08:00:00," for n in range(9))]
    )
    rows = SpecimenRows(rows_of(content.encode()), UTC)
    rows.skip(4)
    batch = rows.take(2)
    assert (batch.rows_read, [one.line for one in batch.rejected]) == (6, [6, 7])
    assert [line for line, _ in rows.take(10).rows] == [8]


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=2), max_size=8), st.integers(1, 50))
def test_a_file_in_pieces_is_what_the_csv_module_wrote(table: list[list[str]], piece: int) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(table)
    found = list(rows_of(text.getvalue().encode(), piece))
    assert [fields for _, fields in found] == table
    assert [line for line, _ in found] == list(range(1, len(table) + 1))


@given(st.lists(st.sampled_from(["S1", "S 2", "\u00fc3"]), max_size=12), st.integers(1, 14))
def test_rows_on_disk_come_together_by_specimen_as_those_in_memory(ids: list[str], most: int) -> None:
    lines = [f"{one},CBC,M1,O1,COMPLETED,,2026-03-01T08:00:00.25,2026-03-01 09:00" for one in ids]
    batch = read("\n".join([HEADER, *lines]))
    rows = SpillingRows(most)
    try:
        for (line, reading), times in zip(batch.rows, batch.times, strict=True):
            rows.add((line, reading, times))
        groups = [list(group) for group in rows.repeated()]
    finally:
        rows.close()
    expected = [(line, reading, times) for (line, reading), times in zip(batch.rows, batch.times, strict=True)]
    several = [row for row in expected if ids.count(row[1].specimen_id) > 1]
    assert sorted(row for group in groups for row in group) == several
    for group in groups:
        assert group == [row for row in several if row[1].specimen_id in {one.specimen_id for _, one, _ in group}]


def test_of_a_packed_file_that_holds_too_much_to_be_tried_it_is_told_that_the_end_is_not_known() -> None:
    rows = [f"S{number},CBC,M1,O1,RECEIVED,,2026-03-01T08:00:00,\n" for number in range(100)]
    packed = io.BytesIO(gzip.compress((HEADER + "\n" + "".join(rows)).encode()))
    tried = try_import(packed, UTC, 2000, SpillingRows(), lambda: False)
    assert tried.error == "not known: only the first 2000 characters of what the packed file holds were tried"
    assert 20 < tried.rows < 100


def test_a_packed_file_may_not_hold_more_than_may_be_read() -> None:
    packed = gzip.compress(b"a,b\n" * 100_000)
    rows = CsvRows(iter([packed, b""]).__next__, 1000)
    with pytest.raises(UnreadableFileError, match="holds more than 1000 characters"):
        list(rows)


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\n=1+1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x"]
)
def test_no_cell_of_a_report_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless("1+1") == "1+1"


def test_the_row_of_an_import_is_known_by_its_command_and_nothing_else_is_taken_for_one() -> None:
    import_id = ImportIds(SystemClock()).next()
    assert imported_row(row_command(import_id, 43)) == (import_id, 43)
    others = (
        None,
        "",
        import_id,
        f"{import_id}:",
        f"{import_id}:43:specimen-SP1:1",
        f"x{import_id}:43",
        f"{import_id}:x",
    )
    assert [imported_row(other) for other in others] == [None] * len(others)
