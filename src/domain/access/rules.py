"""What names, slugs and dates must be."""

import re
from datetime import date

from domain.access.errors import InvalidAccessError

LONGEST_USERNAME = 150
LONGEST_NAME = 255
LONGEST_SLUG = 100
_USERNAME = re.compile(r"[\w.@+-]+")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


def check_username(username: str) -> None:
    """Let pass what a user may be called: letters, digits and ``. @ + - _``, as in the system of record."""
    if not _USERNAME.fullmatch(username) or len(username) > LONGEST_USERNAME:
        rule = f"must be 1 to {LONGEST_USERNAME} letters, digits, or any of . @ + - _"
        raise InvalidAccessError("username", rule)


def check_name(name: str, field: str = "name", *, optional: bool = False) -> None:
    """Let pass what people call something."""
    if optional and not name:
        return
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidAccessError(field, f"must be 1 to {LONGEST_NAME} printable characters")


def check_email(email: str) -> None:
    """Let pass something@somewhere, or nothing."""
    if email and (len(email) > LONGEST_NAME or not email.isprintable() or not _EMAIL.fullmatch(email)):
        raise InvalidAccessError("email", "must be an address such as asha@example.org, or empty")


def check_slug(slug: str, field: str = "slug") -> None:
    """Let pass lower-case words joined by ``-``; not digits alone: a number always means an id."""
    if not _SLUG.fullmatch(slug) or len(slug) > LONGEST_SLUG or slug.isdecimal():
        rule = f"must be 1 to {LONGEST_SLUG} of a-z, 0-9 and single -, and not a number"
        raise InvalidAccessError(field, rule)


def check_date(text: str | None, field: str) -> None:
    """Let pass a calendar day as ``YYYY-MM-DD``, or None."""
    if text is None:
        return
    try:
        fits = date.fromisoformat(text).isoformat() == text
    except ValueError:
        fits = False
    if not fits:
        raise InvalidAccessError(field, "must be a day as YYYY-MM-DD")
