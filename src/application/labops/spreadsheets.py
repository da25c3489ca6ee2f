"""Cells that a spreadsheet would run, made text: one list of what begins a formula, for all that is written as CSV."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the wide forms of the first, which some spreadsheets take for the same."""


def harmless(cell: str) -> str:
    """Return a cell with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def harmless_sql(column: str) -> str:
    """Return SQL that does the same to a column of texts."""
    starts = ", ".join(f"chr({ord(mark)})" for mark in FORMULA_STARTS)
    return f"CASE WHEN substr({column}, 1, 1) IN ({starts}) THEN '''' || {column} ELSE {column} END"
