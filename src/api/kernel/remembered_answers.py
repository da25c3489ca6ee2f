"""Answers that are given again, byte for byte, for as long as nothing has changed behind them."""

from collections import OrderedDict
from collections.abc import Callable, Mapping

from fastapi import Request, Response

MOST_KEPT = 2_000
_ASKS_FOR_MORE = frozenset({b"if-none-match", b"x-position"})

Renew = Callable[[], Mapping[str, str] | None]
"""Returns the headers that the answer has now; None when it must be made anew."""


class RememberedAnswer(Response):
    """A 200 with JSON that may be given again to whoever may use its route.

    Args:
        renew: asked before each repetition.
    """

    def __init__(self, body: bytes, headers: Mapping[str, str], renew: Renew) -> None:
        super().__init__(body, 200, dict(headers), "application/json")
        self.renew = renew


class RememberedAnswers:
    """The answers of one route by path and query. A repetition costs neither parsing nor a use case."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, bytes], RememberedAnswer] = OrderedDict()

    def find(self, request: Request) -> Response | None:
        """Return the answer to an earlier request like this one; None when it has to be handled."""
        if not self._kept:
            return None
        scope = request.scope
        key = (scope["path"], scope["query_string"])
        kept = self._kept.get(key)
        if kept is None or any(name in _ASKS_FOR_MORE for name, _ in scope["headers"]):
            return None
        headers = kept.renew()
        if headers is None:
            del self._kept[key]
            return None
        return Response(kept.body, 200, dict(headers), "application/json")

    def keep(self, request: Request, answer: Response) -> None:
        """Remember an answer that says how it is renewed."""
        if isinstance(answer, RememberedAnswer):
            self._kept[request.scope["path"], request.scope["query_string"]] = answer
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
