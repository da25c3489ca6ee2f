"""Who belongs where: told by the access context, asked by every context that keeps something per scope."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field, replace
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationView:
    """An organisation that somebody is a member of."""

    id: int
    slug: str
    name: str
    funder: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramView:
    """A program; ``organization``, ``funder`` and ``watchers`` are slugs: of its owner, and of others if known."""

    id: int
    name: str
    organization: str
    delivery_type: str | None = None
    currency: str | None = None
    funder: str | None = None
    watchers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpportunityView:
    """An opportunity; organisations are slugs, ``program`` is an id or None. Dates are ISO 8601 texts or None."""

    id: int
    name: str
    organization: str
    program: int | None = None
    date_created: str | None = None
    end_date: str | None = None
    is_active: bool = True
    visit_count: int = 0
    supervising_organization: str | None = None


@dataclass(frozen=True, slots=True)
class Memberships:
    """Everything that one person may see, in order of id.

    Attributes:
        as_of: when the system of record said so, aware UTC; None when memberships are kept here.
        stale_since: since when it could not be asked; None while it can.
    """

    organizations: tuple[OrganizationView, ...] = ()
    programs: tuple[ProgramView, ...] = ()
    opportunities: tuple[OpportunityView, ...] = ()
    as_of: datetime | None = field(default=None, compare=False)
    stale_since: datetime | None = field(default=None, compare=False)
    ids: dict[str, frozenset[int]] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        ids = {
            "organization": frozenset(one.id for one in self.organizations),
            "program": frozenset(one.id for one in self.programs),
            "opportunity": frozenset(one.id for one in self.opportunities),
        }
        object.__setattr__(self, "ids", ids)

    def include(self, kind: str, number: int) -> bool:
        """Tell whether they belong to an ``organization``, ``program`` or ``opportunity``."""
        return number in self.ids[kind]

    def without(self, kind: str, number: int) -> "Memberships":
        """Return the same without one organisation, program or opportunity; what belongs to it stays."""
        match kind:
            case "organization":
                return replace(self, organizations=tuple(one for one in self.organizations if one.id != number))
            case "program":
                return replace(self, programs=tuple(one for one in self.programs if one.id != number))
            case _:
                return replace(self, opportunities=tuple(one for one in self.opportunities if one.id != number))


class MembershipDirectory(ABC):
    """Knows who belongs where."""

    @abstractmethod
    async def of_async(self, username: str) -> Memberships:
        """Return what a person may see; nothing at all for somebody unknown.

        Raises:
            UnavailableError: the system that knows does not answer, and what it said before is too old to be believed.
        """

    async def known_async(self, username: str) -> Memberships | None:
        """Return what a person may see as far as it is remembered, asking no other system; None when nothing is."""
        return await self.of_async(username)

    @abstractmethod
    async def knows_async(self, username: str) -> bool:
        """Tell whether there is such a person, as far as can be known: a system that cannot be asked says yes."""

    async def denied_async(self, username: str, kind: str, number: int) -> None:
        """Hear that the system of record did not let a person into a scope just now, whatever it said before.

        What is remembered of them counts no longer. A directory that remembers nothing of others need not listen.
        """
        del username, kind, number


class UpstreamTokens(ABC):
    """Logins at the system of record, for work on somebody's behalf."""

    @abstractmethod
    async def token_of_async(self, username: str, *, rejected: str | None = None) -> str | None:
        """Return an access token that should be accepted; None when that person has to log in again.

        Args:
            rejected: a token that was just refused; it is refreshed once, and not given again.
        """

    @abstractmethod
    async def usernames_async(self) -> list[str]:
        """Return everybody with a usable login, those whose login can be refreshed first."""

    @abstractmethod
    async def refreshable_usernames_async(self) -> list[str]:
        """Return everybody whose login can be refreshed."""
