"""Faults that a simulated Connect can be told to have."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

FaultKind = Literal[
    "latency", "hang", "slow_drip", "status", "html", "wrong_json", "truncated", "half_listing", "empty_listing",
    "drop_before", "drop_after", "drop_midway", "token_expires", "http_next", "foreign_next", "looping_next", "v1_only",
]  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        kind: ``drop_before`` hangs up before the call took effect, ``drop_after`` afterwards, without an answer,
            ``drop_midway`` in the middle of it. The ``*_next`` kinds spoil the link to the next page.
        path: applies to this path, or to what a trailing ``*`` covers; ``*`` alone to all.
        method: applies to this method only; None to all.
        after: so many matching calls stay healthy first.
        times: ends after so many calls; None goes on until taken back.
        seconds: of ``latency`` and ``hang``, and between two pieces of ``slow_drip``.
        status, retry_after, body: of ``status``; ``body`` of ``wrong_json`` too.
        username: whose access tokens ``token_expires`` ends; None for everybody's.
    """

    kind: FaultKind
    path: str = "*"
    method: str | None = None
    after: int = 0
    times: int | None = None
    seconds: float = 0.5
    status: int = 503
    retry_after: str | None = None
    body: str | None = None
    username: str | None = None
    _seen: int = field(default=0, init=False)

    @classmethod
    def read(cls, said: Any) -> "Fault":
        """Return the fault that a JSON object describes.

        Raises:
            ValueError: it describes none.
        """
        known = {entry.name for entry in fields(cls) if entry.init}
        if not isinstance(said, dict) or not said.keys() <= known:
            raise ValueError(f"a fault is an object with {', '.join(sorted(known))}")
        if said.get("kind") not in get_args(FaultKind):
            raise ValueError(f"kind is one of {', '.join(get_args(FaultKind))}")
        if said["kind"] == "hang":
            said = {"seconds": 3600.0, **said}
        return cls(**said)

    def strikes(self, method: str, path: str) -> bool:
        """Return whether this call is concerned, and count it."""
        if self.method not in (None, method):
            return False
        if self.path.endswith("*"):
            if not path.startswith(self.path[:-1]):
                return False
        elif path != self.path:
            return False
        self._seen += 1
        beyond = self._seen - self.after
        return beyond > 0 and (self.times is None or beyond <= self.times)
