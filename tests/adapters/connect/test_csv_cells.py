"""Cells as Python wrote them are read, and nothing in them is run."""

import asyncio
import csv
import tracemalloc
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from application.contracts.memberships import UpstreamTokens
from domain.kernel.errors import UnavailableError
from integration.connect.connect_api import ConnectApi
from integration.connect.connect_csv import csv_rows, duration_of
from integration.connect.connect_exports import ConnectExports
from integration.connect.errors import UnusableAnswerError
from integration.connect.python_literals import UnreadableLiteralError, read_value
from integration.http.single_call import UpstreamResponse
from tests.support.wire_server import answering, http

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_what_python_wrote_is_read_back(value: Any) -> None:
    if not isinstance(value, str):
        assert read_value(repr(value)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{'form': {'meta': None}, 'ok': True}", {"form": {"meta": None}, "ok": True}),
        ('{"form": {"meta": null}, "ok": true}', {"form": {"meta": None}, "ok": True}),
        ("[('gps', 'far')]", [["gps", "far"]]),
        ("{1: 'x'}", {"1": "x"}),
        ("{'deep': \"it's ((((\"}", {"deep": "it's (((("}),
    ],
)
def test_json_comes_before_literals(text: str, value: Any) -> None:
    assert read_value(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "[x for x in ().__class__.__base__.__subclasses__()]",
        "{'a': open('/etc/passwd')}",
        "f'{1}'",
        "{'a': b'x'}",
        "{1, 2}",
        "1j",
        "...",
        "nan",
        "NaN",
        "",
        "{'a': ",
        "[" * 65 + "]" * 65,
        "[" * 100_000,
        "-" * 100_000 + "1",
        "1" * 10_000,
        "'" + "x" * (8 * 1024 * 1024) + "'",
        "\0",
        "'\ud800",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UnreadableLiteralError):
        read_value(text)


def answer(body: bytes, content_type: str = "text/csv") -> UpstreamResponse:
    return UpstreamResponse("http://c/x/", 200, httpx.Headers({"content-type": content_type}), body, None)


def written(*rows: dict[str, Any]) -> bytes:
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def test_columns_are_read_by_name_whatever_there_are() -> None:
    [row] = csv_rows(
        answer(
            written(
                {
                    "id": 7, "flagged": False, "entity_id": "0012", "phone": "+254700", "reason": None,
                    "form_json": {"a": None, "list": [True]}, "brand_new": "x", "flag_reason": "unreadable {",
                    "deliver_unit": None, "note": 'two\r\nlines, "quoted"',
                }
            )
        )
    )  # fmt: skip
    assert row == {
        "id": 7, "flagged": False, "entity_id": "0012", "phone": "+254700", "reason": None,
        "form_json": {"a": None, "list": [True]}, "brand_new": "x", "flag_reason": "unreadable {",
        "deliver_unit": None, "note": 'two\r\nlines, "quoted"',
    }  # fmt: skip


def test_an_empty_list_has_a_header_only() -> None:
    assert list(csv_rows(answer(b"id,name\r\n"))) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"id,name\r\n1,x\r\n2,",
        b"id,name\r\n1,x\r\n2\r\n",
        b"id,name\r\n1,x,y\r\n",
        b'id,name\r\n1,"never closed\r\n',
        b"id,name\r\n1,\xff\xfe\r\n",
    ],
)
def test_csv_that_ends_in_the_middle_is_no_answer(body: bytes) -> None:
    with pytest.raises(UnusableAnswerError):
        list(csv_rows(answer(body)))


def test_html_is_no_csv() -> None:
    with pytest.raises(UnusableAnswerError):
        list(csv_rows(answer(b"<html>\n", "text/html")))


def test_a_large_cell_is_read() -> None:
    form = {"form": {"text": "x" * 300_000}}
    [row] = csv_rows(answer(written({"id": 1, "form_json": form})))
    assert row["form_json"] == form


@pytest.mark.parametrize(
    ("text", "took"),
    [
        ("00:01:05", timedelta(seconds=65)),
        ("1 02:03:04", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("00:00:00.000500", timedelta(microseconds=500)),
        ("00:00:01.5", timedelta(seconds=1, milliseconds=500)),
    ],
)
def test_durations_are_read(text: str, took: timedelta) -> None:
    assert duration_of(text) == took
    with pytest.raises(ValueError):
        duration_of(text + "x")


HUGE_ROWS, HUGE_CELL = 20_000, 1_000


async def _huge_csv(_request: bytes, writer: asyncio.StreamWriter) -> None:
    """Some 20 MB: every row has a cell over several lines, and the parts that are sent end anywhere."""
    long_line = "line two, Ölzeug" + ", and more of it" * 20
    cell = (f"line 'one'\r\n{long_line}\n" * 3)[:HUGE_CELL]
    quoted = cell.replace('"', '""')
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/csv\r\ntransfer-encoding: chunked\r\n\r\n")
    waiting = b"id,form_json,more\r\n"
    for number in range(HUGE_ROWS):
        waiting += f'{number},"{quoted}",unknown column\r\n'.encode()
        if len(waiting) > 70_001 or number == HUGE_ROWS - 1:
            part, waiting = (waiting, b"") if number == HUGE_ROWS - 1 else (waiting[:70_001], waiting[70_001:])
            writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            await writer.drain()
    writer.write(b"0\r\n\r\n")
    await writer.drain()


def _exports_at(url: str) -> ConnectExports:
    class Token(UpstreamTokens):
        async def token_of_async(self, username: str, *, rejected: str | None = None) -> str | None:
            return "token"

        async def usernames_async(self) -> list[str]:
            return []

        async def refreshable_usernames_async(self) -> list[str]:
            return []

    return ConnectExports(ConnectApi(url, Token()))


async def test_memory_does_not_grow_with_the_csv() -> None:
    async with answering(http(b"", "406 Not Acceptable"), _huge_csv) as server:
        exports = _exports_at(server.url)
        seen = 0
        tracemalloc.start()
        try:
            async for several in exports.rows_async("asha", 814, "user_visits"):
                assert several[0]["id"] == seen
                assert several[-1]["form_json"].startswith("line 'one'\r\nline")
                assert len(several[-1]["form_json"]) == HUGE_CELL
                seen += len(several)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert seen == HUGE_ROWS
    assert peak < HUGE_ROWS * HUGE_CELL / 3, f"{peak / 1e6:.0f} MB for {HUGE_ROWS * HUGE_CELL / 1e6:.0f} MB"


@pytest.mark.parametrize("body", [b"id,name\r\n1,a\r\n2,", b'id,name\r\n1,"a\r\n', b""])
async def test_a_csv_that_ends_in_the_middle_is_no_answer_however_it_comes(body: bytes) -> None:
    async with answering(http(b"", "406 Not Acceptable"), http(body, "200 OK", "content-type: text/csv")) as server:
        exports = _exports_at(server.url)
        with pytest.raises(UnavailableError):
            async for _ in exports.rows_async("asha", 814, "user_visits"):
                pass
