"""Reading the parameters of one rule, telling everything that is wrong with them."""

import math
from collections.abc import Mapping

from domain.labops.quality.located import Located
from domain.labops.quality.problems import RuleProblem

LONGEST_NAME = 200
MOST_ENTRIES = 1000


class Parameters:
    """The parameters of one rule. Every reader notes what is wrong and returns something harmless then.

    Args:
        given: by name.
        key_lines: line of each name.
        path: of the mapping they stand in, e.g. ``rules[0].parameters``.
        line: of the rule, for what is missing.
        problems: what is wrong is added here.
    """

    def __init__(
        self,
        given: Mapping[str, Located],
        key_lines: Mapping[str, int | None],
        path: str,
        line: int | None,
        problems: list[RuleProblem],
    ) -> None:
        self._given, self._key_lines, self._path, self._line = given, key_lines, path, line
        self._problems = problems
        self._read: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """Return a name of a column, or another short text."""
        node = self._node(name, required=default is None)
        return (default or "") if node is None else self._text(node, self._at(name))

    def texts(self, name: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of names, at least one, none of them twice."""
        node = self._node(name, required=default is None)
        if node is None:
            return default or ()
        found = tuple(self._text(item, f"{self._at(name)}[{n}]") for n, item in enumerate(self._list(node, name)))
        if len(set(found)) < len(found):
            self._wrong(self._at(name), "must not name anything twice", node.line)
        return found

    def scalars(self, name: str) -> tuple[tuple[str, ...], frozenset[float]]:
        """Return a list of values as they were written, and those of them that are numbers."""
        node = self._node(name, required=True)
        texts: list[str] = []
        numbers: set[float] = set()
        for n, item in enumerate([] if node is None else self._list(node, name)):
            if isinstance(item.value, dict | list) or item.value is None:
                self._wrong(f"{self._at(name)}[{n}]", "must be a text, a number or true or false", item.line)
                continue
            texts.append(item.text.strip())
            if isinstance(item.value, int | float) and not isinstance(item.value, bool) and _is_finite(item.value):
                numbers.add(float(item.value))
        return tuple(texts), frozenset(numbers)

    def number(self, name: str, *, least: float | None = None, most: float | None = None) -> float | None:
        """Return a number within bounds; None when it is not given."""
        node = self._node(name, required=False)
        return None if node is None else self._number(node, self._at(name), least, most)

    def mapping(self, name: str) -> dict[str, Located]:
        """Return a mapping by column, at least one."""
        node = self._node(name, required=True)
        if node is None:
            return {}
        if not isinstance(node.value, dict) or not 0 < len(node.value) <= MOST_ENTRIES:
            self._wrong(self._at(name), "must map at least one column to what is expected of it", node.line)
            return {}
        return node.value

    def words(self, name: str) -> dict[str, str]:
        """Return a mapping from columns to words."""
        return {key: self._text(item, f"{self._at(name)}.{key}") for key, item in self.mapping(name).items()}

    def choice(self, name: str, options: tuple[str, ...]) -> str:
        """Return one of some words."""
        node = self._node(name, required=True)
        if node is None or node.value in options:
            return options[0] if node is None else str(node.value)
        self._wrong(self._at(name), f"must be one of: {', '.join(options)}", node.line)
        return options[0]

    def bounds(self) -> tuple[float | None, float | None]:
        """Return ``min`` and ``max``, at least one of them."""
        least, most = self.number("min"), self.number("max")
        if not {"min", "max"} & self._given.keys():
            self._wrong(self._path, "must say min, max or both", self._line)
        elif least is not None and most is not None and least > most:
            self._wrong(self._at("max"), "must not be less than min", self._key_lines.get("max"))
        return least, most

    def condition(self, name: str) -> tuple[str, frozenset[str]] | None:
        """Return a column and the values of the rows that are meant; None when all are."""
        node = self._node(name, required=False)
        if node is None:
            return None
        if not isinstance(node.value, dict) or len(node.value) != 1:
            self._wrong(self._at(name), "must map one column to a value or a list of values", node.line)
            return None
        [(column, given)] = node.value.items()
        listed = self._list(given, f"{name}.{column}") if isinstance(given.value, list) else [given]
        return column, frozenset(self._text(item, f"{self._at(name)}.{column}") for item in listed)

    def below(self, name: str, column: str) -> "Parameters":
        """Return the parameters of one column in a mapping of mappings."""
        node = self.mapping(name)[column]
        path = f"{self._at(name)}.{column}"
        if not isinstance(node.value, dict):
            self._wrong(path, "must be a mapping", node.line)
            return Parameters({}, {}, path, node.line, [])
        return Parameters(node.value, node.key_lines, path, node.line, self._problems)

    def finish(self) -> None:
        """Note every parameter that nobody has asked for."""
        for name in self._given:
            if name not in self._read:
                known = ", ".join(self._read) or "none"
                self._wrong(self._at(name), f"is not known here; known: {known}", self._key_lines.get(name))

    def _node(self, name: str, *, required: bool) -> Located | None:
        if name not in self._read:
            self._read.append(name)
        node = self._given.get(name)
        if node is None and required:
            self._wrong(self._at(name), "is missing", self._line)
        return node

    def _list(self, node: Located, name: str) -> list[Located]:
        if not isinstance(node.value, list) or not 0 < len(node.value) <= MOST_ENTRIES:
            self._wrong(self._at(name), f"must be a list of 1 to {MOST_ENTRIES} entries", node.line)
            return []
        return node.value

    def _text(self, node: Located, path: str) -> str:
        if isinstance(node.value, dict | list) or not node.text.strip() or len(node.text) > LONGEST_NAME:
            self._wrong(path, f"must be a text of 1 to {LONGEST_NAME} characters", node.line)
            return ""
        return node.text.strip()

    def _number(self, node: Located, path: str, least: float | None, most: float | None) -> float | None:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
            self._wrong(path, "must be a number", node.line)
            return None
        if (least is not None and value < least) or (most is not None and value > most):
            bounds = [
                f"at least {least:g}" if least is not None else "",
                f"at most {most:g}" if most is not None else "",
            ]
            self._wrong(path, f"must be {' and '.join(bound for bound in bounds if bound)}", node.line)
        return float(value)

    def _at(self, name: str) -> str:
        return f"{self._path}.{name}"

    def _wrong(self, path: str, rule: str, line: int | None) -> None:
        self._problems.append(RuleProblem(path, rule, line if line is not None else self._line))


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False
