"""Which rows share a key: a port, because there may be more keys than memory holds."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

Key = tuple[str | None, ...]


class KeyLedger(ABC):
    """Takes a key per row, then tells which rows have one that another row has, too."""

    @abstractmethod
    def add(self, row: int, key: Key) -> None:
        """Note a row's key."""

    @abstractmethod
    def shared(self) -> Iterator[int]:
        """Yield every row whose key another row has, in any order."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what it holds."""


NewLedger = Callable[[], KeyLedger]


class KeysInMemory(KeyLedger):
    """For tables that are small."""

    def __init__(self) -> None:
        self._rows: dict[Key, list[int]] = {}

    def add(self, row: int, key: Key) -> None:
        self._rows.setdefault(key, []).append(row)

    def shared(self) -> Iterator[int]:
        for rows in self._rows.values():
            if len(rows) > 1:
                yield from rows

    def close(self) -> None:
        self._rows.clear()
