"""What commands print: answers to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from rich.console import Console
from rich.table import Table

CONTROLS = {code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"}
"""Terminals obey these; tabs and line ends stay."""


def installed_version() -> str:
    """Return Labkeeper's version; ``0`` when run from sources that are not installed."""
    try:
        return version("labkeeper")
    except PackageNotFoundError:
        return "0"


def say(text: str) -> None:
    """Print a line as it is: no wrapping, no colours, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Print a line to standard error."""
    sys.stderr.write(f"labkeeper: {printable(text)}\n")
    sys.stderr.flush()


def print_json(value: Any) -> None:
    """Print a value as JSON, for programs."""
    say(json.dumps(value, ensure_ascii=False, indent=2))


def printable(text: str) -> str:
    """Return a text that moves no cursor and changes no colour: what others named things is not to be trusted."""
    return text.translate(CONTROLS)


def console() -> Console:
    """Return a console for tables. Without a terminal it is wide, so that nothing is cut off."""
    return Console(width=None if sys.stdout.isatty() else 200, highlight=False, markup=False)


def progress_console() -> Console:
    """Return a console on standard error: progress never mixes with the answer."""
    return Console(stderr=True, highlight=False)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], nothing: str) -> None:
    """Print a table, or the sentence that says there is nothing."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(_text(cell) for cell in row))
    if table.row_count:
        console().print(table)
    else:
        console().print(nothing)


def print_details(details: dict[str, object]) -> None:
    """Print one thing, a line per field."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in details.items():
        table.add_row(name.replace("_", " "), _text(value))
    console().print(table)


def _text(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | dict):
        return printable(json.dumps(value, ensure_ascii=False))
    return printable(str(value))
