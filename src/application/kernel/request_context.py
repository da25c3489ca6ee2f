"""Who asked for what is happening now, carried along without being passed through every signature."""

from contextvars import ContextVar, Token
from dataclasses import dataclass, field
from secrets import token_hex

from application.kernel.sign_in import SignedIn


def _new_id() -> str:
    return token_hex(16)


@dataclass(slots=True)
class RequestContext:
    """One command or query on its way.

    Attributes:
        actor: subject of the token, or ``system:<what>`` for a job or subscriber.
        correlation_id: the same for everything that one request sets in motion.
        command_id: makes appends idempotent: a retry with the same id gets the first answer. A fresh one unless the
            caller sent an ``Idempotency-Key``.
        repeatable: whether the same command may come again with the same ``command_id``.
        signed_in: who acts, if another system vouches for them; None for a token of ours, jobs and subscribers.
        causation_id: id of the event that led here, None for a request from outside.
        is_waited_for: whether somebody has a connection open until this is answered.
        positions: highest position written so far, by log; what a reader must wait for to see its own writes.
    """

    actor: str = "system"
    correlation_id: str = field(default_factory=_new_id)
    command_id: str = field(default_factory=_new_id)
    causation_id: str | None = None
    positions: dict[str, int] = field(default_factory=dict)
    repeatable: bool = False
    appends: dict[str, int] = field(default_factory=dict)
    signed_in: SignedIn | None = None
    is_waited_for: bool = False

    def next_append_id(self, stream: str) -> str:
        """Return the idempotency id of this command's next commit to a stream: the same sequence on every retry.

        Counted per stream, because a retry of a command that was cut short may have fewer streams left to write to.
        """
        number = self.appends[stream] = self.appends.get(stream, 0) + 1
        return f"{self.command_id}:{stream}:{number}"

    def wrote(self, log: str, position: int) -> None:
        """Remember that this request wrote up to a position of a log."""
        if position > self.positions.get(log, 0):
            self.positions[log] = position


_current: ContextVar[RequestContext | None] = ContextVar("labkeeper_request", default=None)


def current_request() -> RequestContext:
    """Return the context of what is happening now; an anonymous ``system`` one outside any request."""
    return _current.get() or RequestContext()


class acting_as:  # noqa: N801  # reads as a sentence: with acting_as(context)
    """Makes ``context`` the current one for the body of a ``with``. A class: a generator takes three times as long."""

    __slots__ = ("_context", "_token")

    def __init__(self, context: RequestContext) -> None:
        self._context = context

    def __enter__(self) -> RequestContext:
        self._token: Token[RequestContext | None] = _current.set(self._context)
        return self._context

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)
