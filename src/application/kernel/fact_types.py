"""Which types facts can have: whoever asks for others would wait for ever."""

from collections.abc import Collection, Iterable

from domain.kernel.type_patterns import RULE, fits, is_pattern


class FactTypes:
    """The types of the facts of some logs.

    Args:
        names: stored type names in their newest version; none when they are not known, then any is believed.
    """

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = frozenset(names)
        self._prefixes = ", ".join(sorted({f"{name.partition('.')[0]}.*" for name in names}))

    def objection(self, patterns: Iterable[str]) -> str | None:
        """Return the rule that a pattern breaks; None when each is one and some fact can fit it."""
        for pattern in patterns:
            if not is_pattern(pattern):
                return RULE
            if self._names and not any(fits(pattern, name) for name in self._names):
                return f"must each fit some event: none fits {pattern}; there are {self._prefixes}"
        return None
