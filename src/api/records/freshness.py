"""How old an answer about records is, said in headers."""

from datetime import UTC, datetime

from api.records.answers import tag_of
from domain.kernel.clock import Clock
from domain.records.repositories import FoundRecord

AGE_HEADERS = ("Age", "Warning", "Labkeeper-Stale-Since")


def age_headers(clock: Clock, as_of: datetime | None, stale_since: datetime | None) -> dict[str, str]:
    """Return the headers of an answer from a cache; none when the store's own answer is the truth."""
    headers: dict[str, str] = {}
    if as_of is not None:
        headers["Age"] = str(max(0, int((clock.now() - as_of).total_seconds())))
    if stale_since is not None:
        headers["Warning"] = '110 labkeeper "Response is Stale"'
        headers["Labkeeper-Stale-Since"] = stale_since.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return headers


def one_headers(clock: Clock, found: FoundRecord) -> tuple[str, dict[str, str]]:
    """Return the tag of a record, and the headers of an answer that shows it."""
    tag = tag_of(found.record)
    return tag, {"ETag": tag, **age_headers(clock, found.as_of, found.stale_since)}
