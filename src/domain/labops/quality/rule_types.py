"""The types of rules: those of the starter kit's engine, of its sample file, and of its simple checker."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.labops.quality.checks import (
    Check,
    ColumnsAreThere,
    LastsAtMost,
    NotAfter,
    OneBeforeTheOther,
    OneOf,
    SameKeyTwice,
)
from domain.labops.quality.column_checks import FilledIn, HasType, Looks, NoSuchType, Within
from domain.labops.quality.key_ledger import NewLedger
from domain.labops.quality.parameters import Parameters

TIME_WORDS = frozenset(("datetime", "date"))
NUMBER_WORDS = frozenset(("numeric", "number"))
FORMATS: Mapping[str, Callable[[str], bool]] = {
    "alphanumeric": str.isalnum,
    "alphabetic": str.isalpha,
    "numeric": str.isdecimal,
}


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a check needs to know beside its rule.

    Attributes:
        columns: of the data.
        now: aware UTC.
        today: when the laboratory's day began, aware UTC.
        new_ledger: makes what remembers keys.
    """

    columns: Collection[str]
    now: datetime
    today: datetime
    new_ledger: NewLedger


MakeChecks = Callable[[Circumstances], list[Check]]


@dataclass(frozen=True, slots=True)
class RuleType:
    """One type of rules.

    Attributes:
        name: as in ``rule_type``, or in ``type`` where ``is_flat``.
        is_flat: its parameters stand beside its name, as in the kit's sample file.
        example: a whole rule.
        read: parameters to what makes the checks.
    """

    name: str
    description: str
    example: Mapping[str, Any]
    read: Callable[[Parameters], MakeChecks]
    is_flat: bool = False


def _required_columns(given: Parameters) -> MakeChecks:
    columns = given.texts("columns")
    return lambda there: [ColumnsAreThere(columns, there.columns)]


def _timestamp_order(given: Parameters) -> MakeChecks:
    first = given.text("received_column", "received_at")
    second = given.text("processed_column", "processed_at")
    return lambda _: [OneBeforeTheOther(first, second)]


def _no_future_dates(given: Parameters) -> MakeChecks:
    columns = given.texts("columns", ("received_at", "processed_at"))
    tolerance = given.number("tolerance_hours", least=0, most=87_600)

    def checks(there: Circumstances) -> list[Check]:
        if tolerance is None:
            limit, told = there.today, f"<= {there.today.isoformat()}, when today began"
        else:
            limit = there.now + timedelta(hours=tolerance)
            hours = f"{tolerance:g} hour{'' if tolerance == 1 else 's'}"
            told = f"<= {limit.isoformat(timespec='seconds')}, {hours} from now"
        return [NotAfter(column, limit, told) for column in columns]

    return checks


def _allowed_values(given: Parameters) -> MakeChecks:
    column = given.text("column")
    texts, numbers = given.scalars("allowed_values")
    return lambda _: [OneOf(column, texts, numbers)]


def _data_types(name: str) -> Callable[[Parameters], MakeChecks]:
    def read(given: Parameters) -> MakeChecks:
        words = given.words(name)
        return lambda _: [
            check
            for column, word in words.items()
            if not (name == "rules" and word == "string")  # every text is one
            for check in [_type_check(column, word)]
        ]

    return read


def _type_check(column: str, word: str) -> Check:
    if word in TIME_WORDS or word in NUMBER_WORDS:
        return HasType(column, word, is_time=word in TIME_WORDS)
    return NoSuchType(column, word)


def _range(given: Parameters) -> MakeChecks:
    column = given.text("column")
    least, most = given.bounds()
    return lambda _: [Within(column, least, most)]


def _ranges(given: Parameters) -> MakeChecks:
    bounds = {}
    for column in given.mapping("rules"):
        one = given.below("rules", column)
        bounds[column] = one.bounds()
        one.finish()
    return lambda _: [Within(column, *of_column) for column, of_column in bounds.items()]


def _uniqueness(given: Parameters) -> MakeChecks:
    columns = given.texts("columns")
    return lambda there: [SameKeyTwice(columns, there.new_ledger())]


def _completeness(given: Parameters) -> MakeChecks:
    columns = given.texts("columns")
    threshold = given.number("threshold", least=0, most=1) or 0.0
    return lambda _: [FilledIn(column, threshold) for column in columns]


def _custom_format(given: Parameters) -> MakeChecks:
    column = given.text("column")
    word = given.choice("format", tuple(FORMATS))
    return lambda _: [Looks(column, word, FORMATS[word])]


def _max_duration(given: Parameters) -> MakeChecks:
    first = given.text("received_column", "received_at")
    second = given.text("processed_column", "processed_at")
    hours = given.number("max_hours", least=0, most=87_600)
    return lambda _: [LastsAtMost(first, second, 24.0 if hours is None else hours)]


def _engine(name: str, description: str, parameters: Mapping[str, Any], read: Any) -> RuleType:
    told = {"name": f"Check {name}", "description": description, "rule_type": name, "parameters": parameters}
    return RuleType(name, description, {**told, "severity": "ERROR"}, read)


def _flat(name: str, description: str, parameters: Mapping[str, Any], read: Any) -> RuleType:
    example = {"type": name, "name": f"Check {name}", "description": description, **parameters}
    return RuleType(name, description, example, read, is_flat=True)


_TIMES = {"received_column": "received_at", "processed_column": "processed_at"}

ENGINE_TYPES = {
    one.name: one
    for one in (
        _engine("required_columns", "All of these columns are there", {"columns": ["specimen_id"]}, _required_columns),
        _engine("timestamp_order", "Received before processed; equal times are wrong", _TIMES, _timestamp_order),
        _engine(
            "no_future_dates",
            "Nothing later than when today began; with tolerance_hours: than that many hours from now",
            {"columns": ["received_at", "processed_at"]},
            _no_future_dates,
        ),
        _engine(
            "allowed_values",
            "Every value is one of these; no value is none of them",
            {"column": "status", "allowed_values": ["RECEIVED", "IN_PROCESS", "COMPLETED", "ERROR"]},
            _allowed_values,
        ),
        _engine(
            "data_types",
            "Columns hold datetime or numeric values; other words are accepted and not checked",
            {"columns": {"received_at": "datetime", "quality_score": "numeric"}},
            _data_types("columns"),
        ),
        _engine(
            "range_check",
            "Numbers between min and max, both included",
            {"column": "quality_score", "min": 0, "max": 100},
            _range,
        ),
        _engine("uniqueness", "No two rows share these values", {"columns": ["specimen_id"]}, _uniqueness),
        _engine(
            "completeness",
            "At most this share of values is missing",
            {"columns": ["assay", "machine_id"], "threshold": 0.0},
            _completeness,
        ),
        _engine("max_duration", "Processed within so many hours", {**_TIMES, "max_hours": 24}, _max_duration),
    )
}

FLAT_TYPES = {
    one.name: one
    for one in (
        _flat("required_columns", "All of these columns are there", {"columns": ["specimen_id"]}, _required_columns),
        _flat(
            "data_type",
            "Columns hold string, date or number values",
            {"rules": {"specimen_id": "string", "collection_date": "date", "tat_hours": "number"}},
            _data_types("rules"),
        ),
        _flat("range", "Numbers between bounds", {"rules": {"tat_hours": {"min": 0, "max": 72}}}, _ranges),
        _flat("completeness", "Nothing is missing", {"columns": ["specimen_id"]}, _completeness),
        _flat("custom_range", "Numbers between bounds", {"column": "quality_score", "min": 0, "max": 100}, _range),
        _flat("custom_completeness", "Nothing is missing", {"columns": ["technician_id"]}, _completeness),
        _flat(
            "custom_format",
            "Texts are alphanumeric, alphabetic or numeric",
            {"column": "specimen_id", "format": "alphanumeric"},
            _custom_format,
        ),
    )
}
