"""Answers that are given again, byte for byte, for as long as nothing has changed behind them."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request, Response
from starlette.types import Scope

MOST_KEPT = 2_000
MOST_BYTES = 64 * 1024 * 1024
_ASKS_FOR_MORE = frozenset({b"if-none-match", b"x-position"})

Renew = Callable[[], Awaitable[Mapping[str, str] | None]]
"""Returns the headers that the answer has now for whoever asks now; None when it must be made for them."""


class RememberedAnswer(Response):
    """A 200 with JSON that may be given again.

    Args:
        renew: asked before each repetition, on behalf of whoever asks: the request context says who. It lets nobody
            have what they would not be answered otherwise; the route itself only checks the role.
    """

    def __init__(self, body: bytes, headers: Mapping[str, str], renew: Renew) -> None:
        super().__init__(body, 200, dict(headers), "application/json")
        self.renew = renew


class RememberedAnswers:
    """The answers of one route by path and query. A repetition costs neither parsing nor a use case.

    Args:
        most_bytes: of all bodies together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: OrderedDict[tuple[str, bytes], RememberedAnswer] = OrderedDict()

    def may_have(self, scope: Scope) -> bool:
        """Tell whether there was an earlier request like this one."""
        return (scope["path"], scope["query_string"]) in self._kept and scope["method"] == "GET"

    async def find_async(self, scope: Scope) -> Response | None:
        """Return the answer to an earlier request like this one; None when it has to be handled."""
        kept = self._kept.get((scope["path"], scope["query_string"]))
        if kept is None or any(name in _ASKS_FOR_MORE for name, _ in scope["headers"]):
            return None
        # Kept on when it is not renewed: it may be somebody else's, and what is made anew takes its place.
        headers = await kept.renew()
        return None if headers is None else Response(kept.body, 200, headers, "application/json")

    def keep(self, request: Request, answer: Response) -> None:
        """Remember an answer that says how it is renewed."""
        if not isinstance(answer, RememberedAnswer) or len(answer.body) > self._most_bytes:
            return
        key = (request.scope["path"], request.scope["query_string"])
        before = self._kept.pop(key, None)
        self._bytes += len(answer.body) - (0 if before is None else len(before.body))
        self._kept[key] = answer
        while len(self._kept) > MOST_KEPT or self._bytes > self._most_bytes:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= len(gone.body)
