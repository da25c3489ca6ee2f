"""What each type of rule finds in a table."""

import gzip
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies

from application.labops.imports.csv_rows import LONGEST_FIELD, LONGEST_ROW
from domain.labops.quality.evaluation import Evaluation
from domain.labops.quality.key_ledger import KeysInMemory
from domain.labops.quality.located import located
from domain.labops.quality.problems import UnreadableDataError
from domain.labops.quality.report import MOST_ROWS, QualityReport, Violation
from domain.labops.quality.rule_types import Circumstances
from domain.labops.quality.rules import read_rules
from integration.labops.quality_csv import CsvTable
from integration.labops.quality_keys import SpillingKeys

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
TODAY = datetime(2026, 2, 3, tzinfo=BERLIN)
MINUTES = strategies.integers(-100, 100)


def engine(rule_type: str, **parameters: Any) -> dict[str, Any]:
    return {"name": "R", "description": "r", "rule_type": rule_type, "parameters": parameters}


def flat(rule_type: str, **parameters: Any) -> dict[str, Any]:
    return {"name": "R", "type": rule_type, **parameters}


def check(text: str | bytes, *rules: dict[str, Any], **options: Any) -> QualityReport:
    content = text if isinstance(text, bytes) else text.encode()
    table = CsvTable(io.BytesIO(content), BERLIN, **options)
    there = Circumstances(table.columns, NOW, TODAY, KeysInMemory)
    evaluation = Evaluation(read_rules(located({"rules": list(rules)})), table.columns, there)
    for batch in table.batches():
        evaluation.see(batch)
    return evaluation.report(NOW, table.violations(), table.unread_rows)


def found(text: str, rule: dict[str, Any]) -> list[tuple[str, tuple[int, ...]]]:
    return [(one.column, one.row_indices) for one in check(text, rule).violations]


def only(report: QualityReport) -> Violation:
    [violation] = report.violations
    return violation


def test_missing_columns_are_one_violation_without_rows() -> None:
    one = only(check("a,b\n1,2\n", engine("required_columns", columns=["a", "c", "d"])))
    assert (one.column, one.row_indices, one.affected_rows) == ("schema", (), 0)
    assert (one.value, one.expected) == ("['c', 'd']", "['a', 'c', 'd']")


def test_a_row_that_breaks_a_rule_in_several_columns_counts_once() -> None:
    text = "a,b,c\n1,,\n,,1\n,1,1\n1,1,1\n1,1,1\n"
    everywhere, mostly = engine("completeness", columns=["a", "b", "c"]), engine("completeness", columns=["a", "c"])
    mostly = {**mostly, "name": "M", "parameters": {"columns": ["a", "c"], "threshold": 0.3}}
    every, most = check(text, everywhere, mostly).rules
    assert (every.violations, every.affected_rows, every.affected_values) == (3, 3, 5)
    assert (most.violations, most.affected_rows, most.affected_values) == (1, 2, 2), "c is allowed to lack its one"
    words = {"a": "numeric", "b": "numeric"}
    rows = "".join(f"x,{'x' if number % 2 else 1}\n" for number in range(9000))
    [many] = check(f"a,b\n{rows}", engine("data_types", columns=words)).rules
    assert (many.violations, many.affected_rows, many.affected_values) == (2, 9000, 13_500)


def test_combinations_are_bounded_and_no_row_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain.labops.quality.distinct_rows.MOST_COMBINATIONS", 2)
    [count] = check("a,b,c,d\n,,1,1\n1,,,1\n1,1,,\n,1,1,\n", engine("completeness", columns=list("abcd"))).rules
    assert (count.affected_rows, count.affected_values) == (4, 8)


def test_equal_times_are_in_the_wrong_order_and_missing_ones_are_not() -> None:
    text = (
        "received_at,processed_at\n"
        "2026-01-01T10:00,2026-01-01T10:00\n"
        "2026-01-01T10:00,2026-01-01T09:30Z\n"  # 10:30 in Berlin
        "2026-01-01T10:00,\n"
        "2026-01-01T10:00,yesterday\n"
        "2026-01-01 10:00:01,2026-01-01 10:00\n"
    )
    report = check(text, engine("timestamp_order"))
    assert only(report).row_indices == (0, 4)
    assert [(one.column, "1 value " in one.reason) for one in report.not_checked] == [("processed_at", True)]


def test_anything_later_today_is_in_the_future_unless_a_tolerance_says_otherwise() -> None:
    text = "at\n2026-02-02T23:59\n2026-02-03T00:00\n2026-02-03T00:01\n2026-02-03T13:30\n2026-02-04T00:00\n"
    assert found(text, engine("no_future_dates", columns=["at"])) == [("at", (2, 3, 4))]
    assert found(text, engine("no_future_dates", columns=["at"], tolerance_hours=1)) == [("at", (4,))]
    assert found(text, engine("no_future_dates", columns=["at"], tolerance_hours=0)) == [("at", (3, 4))]


def test_no_value_is_none_of_the_allowed_ones_and_numbers_are_numbers() -> None:
    one = only(check("s\nA\n\nB\nNA\nc\n", engine("allowed_values", column="s", allowed_values=["A", "B"])))
    assert (one.row_indices, one.value, one.expected) == ((2, 3), "[None, 'c']", "['A', 'B']")
    assert found("n\n1\n1.0\n2\n", engine("allowed_values", column="n", allowed_values=[1])) == [("n", (2,))]
    assert found("n\ntrue\nTrue\n", engine("allowed_values", column="n", allowed_values=[True])) == [("n", (1,))]


def test_a_column_of_the_wrong_type_is_listed_whole_and_its_bad_cells_are_counted() -> None:
    one = only(check('n\n1\nx\n""\n3\n', engine("data_types", columns={"n": "numeric"})))
    assert (one.row_indices, one.affected_rows, one.examples[0].line) == ((0, 1, 2, 3), 1, 3)
    assert found("d\n2026-01-02\n2026-13-02\n", flat("data_type", rules={"d": "date"})) == [("d", (0, 1))]
    report = check(
        "n\nx\n",
        engine("data_types", columns={"n": "integer"}),
        {**flat("data_type", rules={"n": "string"}), "name": "S"},
    )
    assert (report.violations, [one.column for one in report.not_checked]) == ((), ["n"])


@pytest.mark.parametrize(
    "rule",
    [
        engine("range_check", column="x", min=0, max=10),
        flat("custom_range", column="x", min=0, max=10),
        flat("range", rules={"x": {"min": 0, "max": 10}}),
    ],
)
def test_bounds_are_included_and_below_and_above_are_told_apart(rule: dict[str, Any]) -> None:
    assert found("x,y\n0,\n10,\n-0.1,\n10.1,\n,\n", rule) == [("x", (2,)), ("x", (3,))]
    report = check("x\n99\nmany\n", rule)
    assert (report.violations, report.not_checked[0].column) == ((), "x")


def test_every_row_of_a_combination_that_is_there_twice_is_listed() -> None:
    text = "a,b\n1,x\n2,x\n1,x\n1,y\n,\n,\n1,x\n"
    assert found(text, engine("uniqueness", columns=["a", "b"])) == [("a, b", (0, 2, 4, 5, 6))]
    one = only(check("a,b\n1,x\n2,x\n1,x\n", engine("uniqueness", columns=["a", "b"])))
    assert [(cell.row_index, cell.line, cell.value) for cell in one.examples] == [(0, 2, "1 / x"), (2, 4, "1 / x")]
    one = only(check('a,b\n"x\ny",1\n,1\n,2\n', engine("uniqueness", columns=["a"])))
    assert [(cell.row_index, cell.line, cell.value) for cell in one.examples] == [(1, 4, None), (2, 5, None)]


def test_completeness_is_a_share_per_column() -> None:
    text = "a,b\n1,\n1,\n,\n1,1\n"
    assert found(text, engine("completeness", columns=["a", "b"], threshold=0.25)) == [("b", (0, 1, 2))]
    assert found(text, flat("completeness", columns=["a", "b"])) == [("a", (2,)), ("b", (0, 1, 2))]
    assert found("a,b\n", engine("completeness", columns=["a"])) == []


def test_formats_durations_and_conditions() -> None:
    assert found("id\nSP1\nSP-1\n", flat("custom_format", column="id", format="alphanumeric")) == [("id", (1,))]
    text = "status,received_at,processed_at\nERROR,2026-01-01,2026-01-09\nCOMPLETED,2026-01-01,2026-01-09\n"
    rule = engine("max_duration", max_hours=24, when={"status": ["COMPLETED"]})
    assert found(text, rule) == [("processed_at", (1,))]


def test_a_rule_whose_column_is_not_there_is_told_as_not_checked() -> None:
    report = check("a\n1\n", engine("allowed_values", column="b", allowed_values=["x"]))
    assert [(one.rule_name, one.column) for one in report.not_checked] == [("R", "b")]
    assert [(one.violations, one.affected_rows) for one in report.rules] == [(0, 0)]


def test_rows_are_listed_up_to_a_thousand_and_counted_all() -> None:
    one = only(check("a,b\n" + "1,\n" * 9000, engine("completeness", columns=["b"])))
    assert (len(one.row_indices), one.affected_rows, one.examples[0].line) == (MOST_ROWS, 9000, 2)


def test_lines_are_those_of_the_file_whatever_is_quoted() -> None:
    text = b'\xef\xbb\xbfa,b\r\n"x\r\ny",1\r\n\r\n"z",\r\n'
    [violation] = check(text, engine("completeness", columns=["b"])).violations
    assert [(one.row_index, one.line) for one in violation.examples] == [(1, 5)]


def test_an_import_is_checked_with_the_columns_that_it_was_taken_with() -> None:
    text = "specimen_id;assay;machine_id\n\nS1;;M1\n"
    one = only(check(text, engine("completeness", columns=["assay"]), is_import=True))
    assert (one.affected_rows, one.examples[0].line) == (1, 3)


def test_rows_with_too_many_values_are_a_violation_and_too_few_hold_nothing() -> None:
    report = check("a,b\n1,2,3\n1\n", engine("completeness", columns=["b"]))
    assert [(one.rule_name, one.row_indices) for one in report.violations] == [("row_shape", (0,)), ("R", (1,))]
    assert [one.rule_name for one in report.rules] == ["R", "row_shape"]


def test_rows_that_cannot_be_read_or_are_no_text_are_violations_of_their_own_and_the_others_are_checked() -> None:
    long = b"x" * (LONGEST_FIELD + 1)
    report = check(b'a,b\rM\xfc,\r"M"x,1\rM\xf6,\r1,' + long + b"\r,1\r", engine("completeness", columns=["a"]))
    syntax, encoding, empty = report.violations
    assert (syntax.rule_name, syntax.row_indices) == ("row_syntax", (1, 3))
    assert [one.line for one in syntax.examples] == [3, 5]
    assert (encoding.rule_name, encoding.row_indices) == ("row_encoding", (0, 2))
    assert [(one.line, one.value) for one in encoding.examples] == [(2, "M\\xfc"), (4, "M\\xf6")]
    assert (empty.rule_name, empty.row_indices, empty.examples[0].line, report.rows) == ("R", (4,), 6, 5)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty; the first row must name the columns"),
        (b"\n\n", "the file is empty"),
        (b"\n a,a\n", "line 2: the header names a twice"),
        (b"a\xff\n", "line 1: the header is not text"),
        (b"a\n" + b"x" * (LONGEST_ROW + 1), "line 2: a row has more than"),
        (b"\x1f\x8b\x08\x00broken", "the gzip file is damaged or cut off"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(UnreadableDataError, match=why):
        check(content, engine("completeness", columns=["a"]))


def test_a_file_that_grows_when_it_is_unpacked_is_refused() -> None:
    with pytest.raises(UnreadableDataError, match="holds more than"):
        check(gzip.compress(b"a\n" + b"0\n" * 100_000), engine("completeness", columns=["a"]), largest=100_000)


@given(strategies.lists(strategies.tuples(strategies.sampled_from(["a", "b", None, "c"])), max_size=60))
def test_keys_on_disk_tell_the_same_as_keys_in_memory(keys: list[tuple[str | None, ...]]) -> None:
    spilling, plain = SpillingKeys(most=7), KeysInMemory()
    try:
        for row, key in enumerate(keys):
            spilling.add(row, row + 2, key)
            plain.add(row, row + 2, key)
        shared = sorted(spilling.shared())
        assert shared == sorted(plain.shared())
        assert list(spilling.noted(shared[:5])) == list(plain.noted(shared[:5]))
    finally:
        spilling.close()


@given(
    strategies.lists(
        strategies.tuples(
            strategies.integers(-100, 100), strategies.one_of(strategies.none(), strategies.integers(-100, 100))
        ),
        min_size=1,
        max_size=50,
    )
)
def test_order_and_completeness_equal_a_plain_count(pairs: list[tuple[int, int | None]]) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)

    def told(minutes: int | None) -> str:
        return "" if minutes is None else (start + timedelta(minutes=minutes)).isoformat()

    text = "received_at,processed_at\n" + "".join(f"{told(a)},{told(b)}\n" for a, b in pairs)
    order = tuple(row for row, (a, b) in enumerate(pairs) if b is not None and a >= b)
    empty = tuple(row for row, (_, b) in enumerate(pairs) if b is None)
    assert found(text, engine("timestamp_order")) == ([("processed_at", order)] if order else [])
    assert found(text, engine("completeness", columns=["processed_at"])) == ([("processed_at", empty)] if empty else [])
