"""Texts in cards of Teams. Cards read Markdown, and those of connectors HTML; names that people gave are neither."""

import re

_MARKS = re.compile(r"[\\`*_~\[\]]")
_LINE_BEGINS = re.compile(r"^([ \t]*)(?:([-+#](?=\s)|>)|(\d{1,9})(?=[.)]\s))", re.MULTILINE)


def as_written(text: str, *, is_html: bool = False) -> str:
    r"""Return a text that is shown as it is written: no link, no emphasis, no list comes of it.

    A mark gets a backslash before it (``\*``). Where HTML is read, too, ``<`` becomes ``&lt;``.
    """
    text = _MARKS.sub(r"\\\g<0>", text)
    text = _LINE_BEGINS.sub(_escaped_begin, text)
    return text.replace("<", "&lt;" if is_html else r"\<")


def _escaped_begin(found: re.Match[str]) -> str:
    indent, mark, number = found.groups()
    return f"{indent}\\{mark}" if mark else f"{indent}{number}\\"
