"""Which rows share a key: a port, because there may be more keys than memory holds."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

Key = tuple[str | None, ...]


class KeyLedger(ABC):
    """Takes a key per row, then tells which rows have one that another row has, too."""

    @abstractmethod
    def add(self, row: int, line: int | None, key: Key) -> None:
        """Note a row's key, and the line of the file on which it begins. Rows come in rising order."""

    @abstractmethod
    def shared(self) -> Iterator[int]:
        """Yield every row whose key another row has, in any order."""

    @abstractmethod
    def noted(self, rows: Sequence[int]) -> Iterator[tuple[int, int | None, Key]]:
        """Yield what was noted of some rows, in rising order."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""


NewLedger = Callable[[], KeyLedger]


class KeysInMemory(KeyLedger):
    """For tables that are small."""

    def __init__(self) -> None:
        self._rows: dict[Key, list[int]] = {}
        self._notes: dict[int, tuple[int | None, Key]] = {}

    def add(self, row: int, line: int | None, key: Key) -> None:
        self._rows.setdefault(key, []).append(row)
        self._notes[row] = line, key

    def shared(self) -> Iterator[int]:
        for rows in self._rows.values():
            if len(rows) > 1:
                yield from rows

    def noted(self, rows: Sequence[int]) -> Iterator[tuple[int, int | None, Key]]:
        for row in sorted(rows):
            yield row, *self._notes[row]

    def close(self) -> None:
        self._rows.clear()
        self._notes.clear()
