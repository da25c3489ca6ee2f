"""What an administrator says about users, organisations, programs and opportunities."""

from dataclasses import dataclass

from domain.access.errors import InvalidAccessError
from domain.access.rules import check_date, check_email, check_name


@dataclass(frozen=True, kw_only=True)
class UserDetails:
    """A user. One who is not active belongs nowhere, but is still somebody whom records may name."""

    name: str = ""
    email: str = ""
    active: bool = True

    def __post_init__(self) -> None:
        check_name(self.name, optional=True)
        check_email(self.email)


@dataclass(frozen=True, kw_only=True)
class OrganizationDetails:
    """An organisation; ``funder`` tells whether it pays for programs."""

    name: str
    funder: bool = False

    def __post_init__(self) -> None:
        check_name(self.name)


@dataclass(frozen=True, kw_only=True)
class ProgramDetails:
    """A program of an organisation; ``delivery_type`` is a slug, ``currency`` an ISO 4217 code."""

    name: str
    delivery_type: str | None = None
    currency: str | None = None

    def __post_init__(self) -> None:
        check_name(self.name)
        if self.delivery_type is not None:
            check_name(self.delivery_type, "delivery_type")
        if self.currency is not None and not (
            len(self.currency) == 3 and self.currency.isascii() and self.currency.isalpha() and self.currency.isupper()
        ):
            raise InvalidAccessError("currency", "must be three capital letters, e.g. KES")


@dataclass(frozen=True, kw_only=True)
class OpportunityDetails:
    """An opportunity; ``program_id`` may be that of another organisation, whose members then see it as well.

    Dates are ``YYYY-MM-DD`` or None.
    """

    name: str
    program_id: int | None = None
    start_date: str | None = None
    end_date: str | None = None
    is_active: bool = True

    def __post_init__(self) -> None:
        check_name(self.name)
        check_date(self.start_date, "start_date")
        check_date(self.end_date, "end_date")
        if self.start_date is not None and self.end_date is not None and self.end_date < self.start_date:
            raise InvalidAccessError("end_date", "must not be before start_date")
