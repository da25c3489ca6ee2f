"""Version 1 of a list: CSV with cells as Python writes them. Rows come out as version 2 tells them."""

import csv
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import SEEK_END, BytesIO, TextIOWrapper
from typing import IO, Any

from integration.connect.errors import UnusableAnswerError
from integration.connect.python_literals import MAX_CHARACTERS, UnreadableLiteralError, read_value
from integration.http.single_call import UpstreamResponse

csv.field_size_limit(MAX_CHARACTERS)

_STRUCTURES = ("form_json", "flag_reason", "images", "claim_limits", "watchers", "learn_app", "deliver_app",
               "payment_units", "verification_flags")  # fmt: skip
_FLAGS = ("flagged", "suspended", "passed", "confirmed", "is_active")
_WHOLE_NUMBERS = (
    "id", "opportunity_id", "deliver_unit", "deliver_unit_id", "completed_work", "completed_work_id", "payment_unit",
    "payment_unit_id", "app", "module", "exchange_rate", "payment_accrued", "score", "passing_score", "invoice_id",
    "saved_completed_count", "saved_approved_count", "saved_payment_accrued", "saved_org_payment_accrued",
)  # fmt: skip
_DURATION = re.compile(r"(?:(-?\d+) )?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?")


def csv_rows(response: UpstreamResponse) -> Iterator[dict[str, Any]]:
    """Yield the rows of an answer by column name, whatever columns there are. An empty cell is None.

    No more of it is in memory than the row at hand. A structured cell that cannot be read stays text.

    Raises:
        UnusableAnswerError: it is no CSV, or ends in the middle; what was yielded so far is not all.
    """
    if not response.headers.get("content-type", "").startswith("text/csv"):
        raise UnusableAnswerError(response.url, "the answer is not CSV")
    file = response.file or BytesIO(response.body)
    if not _ends_a_line(file):
        raise UnusableAnswerError(response.url, "the CSV ends in the middle of a row")
    lines = TextIOWrapper(file, encoding="utf-8", newline="")
    reader = csv.reader(lines, strict=True)
    try:
        columns = next(reader)
        readers = [_READERS.get(name, _text) for name in columns]
        for cells in reader:
            if len(cells) != len(columns):
                raise UnusableAnswerError(response.url, f"row {reader.line_num} has {len(cells)} cells")
            yield {name: read(cell) for name, read, cell in zip(columns, readers, cells, strict=True)}
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnusableAnswerError(response.url, f"the CSV cannot be read: {error}") from error


def _ends_a_line(file: IO[bytes]) -> bool:
    if not file.seek(0, SEEK_END):
        return False
    file.seek(-1, SEEK_END)
    last = file.read(1)
    file.seek(0)
    return last == b"\n"


def duration_of(text: str) -> timedelta:
    """Return a duration ``[D ]HH:MM:SS[.ffffff]``.

    Raises:
        ValueError: it is none.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration")
    days, hours, minutes, seconds, fraction = found.groups()
    return timedelta(
        days=int(days or 0),
        hours=int(hours),
        minutes=int(minutes),
        seconds=int(seconds),
        microseconds=int((fraction or "").ljust(6, "0")),
    )


def _text(cell: str) -> str | None:
    return cell or None


def _flag(cell: str) -> Any:
    return {"True": True, "False": False}.get(cell, _text(cell))


def _whole_number(cell: str) -> Any:
    digits = cell.removeprefix("-")
    return int(cell) if digits.isascii() and digits.isdigit() and len(digits) < 19 else _text(cell)


def _structure(cell: str) -> Any:
    if not cell:
        return None
    try:
        return read_value(cell)
    except UnreadableLiteralError:
        return cell


_READERS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(_STRUCTURES, _structure),
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys(_WHOLE_NUMBERS, _whole_number),
}
