"""Rules files in YAML, read so that nothing in them can run, grow or go deep: events of the parser, never objects."""

import re
from collections.abc import Iterator

import yaml

from domain.labops.quality.located import MOST_LEVELS, UNSTORABLE, Located, Scalar, is_storable
from domain.labops.quality.problems import InvalidRulesError, RuleProblem

LARGEST_FILE_BYTES = 128 * 1024
MOST_NODES = 20_000
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,30}").fullmatch
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?").fullmatch

# The C parser is several times faster; it is there in all wheels.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(content: bytes) -> Located:
    """Return the one document of a rules file, with lines.

    Raises:
        InvalidRulesError: it is no YAML, too large or too deep, or uses anchors, tags or several documents.
    """
    if len(content) > LARGEST_FILE_BYTES:
        raise _wrong(f"must have at most {LARGEST_FILE_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong("must be text in UTF-8", content.count(b"\n", 0, error.start) + 1) from None
    try:
        return _Tree(yaml.parse(text, Loader=_LOADER)).document()
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else None
        raise _wrong("must not hold control characters", line) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        last = text.count("\n") + 1  # the parser may stand behind the end
        raise _wrong(f"is no YAML: {error.problem}", None if mark is None else min(mark.line + 1, last)) from None


def _wrong(rule: str, line: int | None = None) -> InvalidRulesError:
    return InvalidRulesError([RuleProblem("", rule, line)])


class _Tree:
    def __init__(self, events: Iterator[yaml.Event]) -> None:
        self._events = events
        self._nodes = 0

    def document(self) -> Located:
        found: Located | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if found is not None:
                    raise _wrong("must be one document", _line(event))
                found = self._node(next(self._events), 0)
        if found is None:
            raise _wrong("must not be empty", 1)
        return found

    def _node(self, event: yaml.Event, level: int) -> Located:
        line = _line(event)
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise _wrong(f"must have at most {MOST_NODES} values", line)
        if level > MOST_LEVELS:
            raise _wrong(f"must not be nested deeper than {MOST_LEVELS} levels", line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _wrong("must not use anchors and aliases", line)
        if getattr(event, "tag", None) is not None:
            raise _wrong("must not use tags", line)
        if isinstance(event, yaml.ScalarEvent):
            if not is_storable(event.value):
                raise _wrong(UNSTORABLE, line)
            return Located(event.value if event.style else _value(event.value), line, event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return Located(list(self._items(level)), line)
        return self._mapping(line, level)

    def _items(self, level: int) -> Iterator[Located]:
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            yield self._node(event, level + 1)

    def _mapping(self, line: int | None, level: int) -> Located:
        values: dict[str, Located] = {}
        lines: dict[str, int | None] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, level + 1)
            if isinstance(key.value, dict | list):
                raise _wrong("must have texts as keys", key.line)
            if key.text in values:
                raise _wrong(f"must not name {key.text[:100]} twice in one mapping", key.line)
            lines[key.text] = key.line
            values[key.text] = self._node(next(self._events), level + 1)
        return Located(values, line, key_lines=lines)


def _line(event: yaml.Event) -> int | None:
    return None if event.start_mark is None else event.start_mark.line + 1


def _value(text: str) -> Scalar:
    """Return what a scalar without quotes means, as in YAML 1.2: ``yes`` and ``1:30`` are texts."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER(text):
        return int(text)
    return float(text) if _NUMBER(text) else text
