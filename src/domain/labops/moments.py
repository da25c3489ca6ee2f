"""Times as sources write them."""

import re
from datetime import UTC, datetime, tzinfo

from domain.labops.errors import InvalidSpecimenError

_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?\s?(?:Z|[+-]\d{2}(?::?\d{2})?)?", re.IGNORECASE
)
_RULE = "must be a date and a time as in ISO 8601, e.g. 2026-03-01T12:00:00Z"


def moment_of(field: str, text: str, zone: tzinfo) -> datetime:
    """Return a time as aware UTC in whole milliseconds, what the store keeps.

    Args:
        zone: of times that say none.

    Raises:
        InvalidSpecimenError: it is no such time; names the field.
    """
    text = text.strip()
    if not _MOMENT.fullmatch(text):
        raise InvalidSpecimenError(field, _RULE)
    try:
        moment = datetime.fromisoformat(text.upper().replace(",", ".").replace(" ", "T", 1).replace(" ", ""))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidSpecimenError(field, _RULE) from None
    if moment.year < 1000:
        raise InvalidSpecimenError(field, "must not be before the year 1000")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
