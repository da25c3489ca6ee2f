"""Faults that a simulated controller can be told to have."""

from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

FaultKind = Literal[
    "hang", "latency", "slow_drip", "status", "html", "wrong_json", "truncated_json", "changed_types",
    "labs_vanish_midlisting", "token_expires", "empty_listing", "half_listing", "bad_lab", "no_tiles",
    "drop_connection", "not_ready",
]  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        path: applies to this path behind ``/api/v0``, or to what a trailing ``*`` covers; ``*`` alone to all.
        after: so many matching calls stay healthy first.
        times: ends after so many calls; None goes on until taken back.
        seconds: of ``hang`` and ``latency``, and between two pieces of ``slow_drip``.
        status: of ``status``.
        retry_after: sent as ``Retry-After`` with ``status``.
        count: labs concerned by ``labs_vanish_midlisting`` and ``bad_lab``.
    """

    kind: FaultKind
    path: str = "*"
    after: int = 0
    times: int | None = None
    seconds: float = 0.5
    status: int = 500
    retry_after: str | None = None
    count: int = 1
    body: str | None = None
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

    def strikes(self, path: str) -> bool:
        """Return whether this call is concerned, and count it."""
        if self.path.endswith("*"):
            if not path.startswith(self.path[:-1]):
                return False
        elif path != self.path:
            return False
        self._seen += 1
        beyond = self._seen - self.after
        return beyond > 0 and (self.times is None or beyond <= self.times)
