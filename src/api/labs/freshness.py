"""How old an answer is, said in headers."""

from datetime import UTC, datetime
from email.utils import format_datetime

from domain.kernel.clock import Clock

STALE_SINCE = "Labkeeper-Stale-Since"


class Freshness:
    """Makes ``Age``, ``Last-Modified`` and, while refreshes fail, ``Labkeeper-Stale-Since``."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def headers(self, last_synced_at: datetime | None, stale_since: datetime | None) -> dict[str, str]:
        """Return the headers of an answer about one worker; none about its age when it was never synced."""
        headers: dict[str, str] = {}
        if last_synced_at is not None:
            headers["Age"] = str(max(0, int((self._clock.now() - last_synced_at).total_seconds())))
            headers["Last-Modified"] = format_datetime(last_synced_at.astimezone(UTC), usegmt=True)
        if stale_since is not None:
            headers[STALE_SINCE] = stale_since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        return headers
