"""Times as sources write them."""

import re
from datetime import UTC, datetime, tzinfo

from domain.labops.errors import InvalidSpecimenError

_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|[+-]\d{2}(?::?\d{2})?)?", re.IGNORECASE
)
_RULE = "must be a date and a time as in ISO 8601, e.g. 2026-03-01T12:00:00Z"


def moment_of(field: str, text: str, zone: tzinfo, not_before: datetime | None = None) -> datetime:
    """Return a time as aware UTC in whole milliseconds, what the store keeps.

    A time without an offset that the zone's clock shows twice is the first of both, one that it skips is as much later.

    Args:
        zone: of times that say none.
        not_before: when the first of both would be before this, the second is meant.

    Raises:
        InvalidSpecimenError: it is no such time; names the field.
    """
    text = text.strip()
    if not _MOMENT.fullmatch(text):
        raise InvalidSpecimenError(field, _RULE)
    try:
        moment = datetime.fromisoformat(text.upper().replace(",", ".").replace(" ", "T", 1).replace(" ", ""))
        if moment.tzinfo is None:
            shown, moment = moment, moment.replace(tzinfo=zone).astimezone(UTC)
            if not_before is not None and moment < not_before:
                moment = max(moment, shown.replace(tzinfo=zone, fold=1).astimezone(UTC))
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidSpecimenError(field, _RULE) from None
    if moment.year < 1000:
        raise InvalidSpecimenError(field, "must not be before the year 1000")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
