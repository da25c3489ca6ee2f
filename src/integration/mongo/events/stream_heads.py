"""The last known version of recently used streams: most conflicts are told without asking the database."""

from collections import OrderedDict


class StreamHeads:
    """Remembers heads of at most ``capacity`` streams. A head only ever grows, so an old one is still a lower bound."""

    def __init__(self, capacity: int = 100_000) -> None:
        self._capacity = capacity
        self._heads: OrderedDict[str, int] = OrderedDict()

    def get(self, stream: str) -> int | None:
        """Return the highest version seen of a stream; None if not known."""
        return self._heads.get(stream)

    def remember(self, stream: str, version: int) -> None:
        """Note that a stream has reached a version."""
        if version > self._heads.get(stream, 0):
            self._heads[stream] = version
            self._heads.move_to_end(stream)
            if len(self._heads) > self._capacity:
                self._heads.popitem(last=False)

    def forget(self, stream: str) -> None:
        """Drop what is known of a stream."""
        self._heads.pop(stream, None)
