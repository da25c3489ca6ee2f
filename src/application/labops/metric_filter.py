"""Which specimens a metric looks at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

TimeColumn = Literal["received_at", "processed_at"]
CLOCKS_APART = timedelta(hours=1)
"""A time so far ahead is a clock's; one beyond it is a slip, and must not count in every window until it comes."""


@dataclass(frozen=True, slots=True)
class MetricFilter:
    """Which specimens a metric looks at; None leaves nothing out.

    Attributes:
        from_: first moment, inclusive, aware; of the time that the metric filters on.
        to: end, exclusive, aware.
        assay: name, exactly as stored.
        machine_id: name, exactly as stored.
    """

    from_: datetime | None = None
    to: datetime | None = None
    assay: str | None = None
    machine_id: str | None = None

    def condition(self, time_column: TimeColumn | Literal["moment"]) -> str:
        """Return the SQL condition over ``specimens``, or over moments; its values are in ``parameters``."""
        parts = []
        if self.from_ is not None:
            parts.append(f"{time_column} >= $from")
        if self.to is not None:
            parts.append(f"{time_column} < $to")
        if self.assay is not None:
            parts.append("assay = $assay")
        if self.machine_id is not None:
            parts.append("machine_id = $machine_id")
        return " AND ".join(parts) or "TRUE"

    @property
    def parameters(self) -> dict[str, Any]:
        """The values that ``condition`` names, and no other."""
        given = {"from": self.from_, "to": self.to, "assay": self.assay, "machine_id": self.machine_id}
        return {name: value for name, value in given.items() if value is not None}

    @property
    def key(self) -> str:
        """The same text for the same filter, e.g. for tags and for sharing a computation."""
        times = (None if at is None else at.timestamp() for at in (self.from_, self.to))
        return repr((*times, self.assay, self.machine_id))
