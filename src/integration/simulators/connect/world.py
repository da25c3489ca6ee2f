"""Who and what a simulated Connect knows besides records: users, organisations, programs, opportunities."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from integration.simulators.connect.accounts import User, Users

_STARTED = datetime(2025, 5, 2, 8, 11, 9, 120_000, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Organization:
    """An organisation; others refer to it by its slug."""

    id: int
    slug: str
    name: str
    funder: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """A program; ``organization`` is the slug of its owner, ``funder`` and ``watchers`` are slugs of others."""

    id: int
    name: str
    organization: str
    delivery_type: str = "nutrition"
    currency: str = "KES"
    funder: str | None = None
    watchers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opportunity:
    """An opportunity; organisations are slugs, ``program`` is an id or None."""

    id: int
    name: str
    organization: str
    program: int | None = None
    is_active: bool = True
    visit_count: int = 0
    supervising_organization: str | None = None

    @property
    def date_created(self) -> datetime:
        return _STARTED + timedelta(days=self.id % 97, seconds=self.id)

    @property
    def end_date(self) -> date:
        return self.date_created.date() + timedelta(days=333)


ORGANIZATIONS = (
    Organization(5, "dimagi", "Dimagi"),
    Organization(7, "lwala", "Lwala"),
    Organization(9, "reach", "Reach Health"),
    Organization(11, "good-fund", "Good Fund", funder=True),
)
PROGRAMS = (
    Program(12, "CHC", "dimagi", "nutrition", "KES"),
    Program(14, "Kangaroo Mother Care", "reach", "kmc", "INR", funder="good-fund", watchers=("dimagi",)),
)
OPPORTUNITIES = (
    Opportunity(814, "CHC Round 3", "lwala", 12),
    Opportunity(815, "CHC Round 4", "lwala", 12),
    Opportunity(901, "KMC Pilot", "reach", 14, supervising_organization="dimagi"),
    Opportunity(902, "Reach Screening", "reach"),
)
USERS = (
    User(31, "asha", "Asha Otieno", "asha@lwala.example", frozenset({"lwala"})),
    User(32, "brian", "Brian Kim", "brian@dimagi.example", frozenset({"dimagi"})),
    User(33, "chidi", "Chidi Okafor", "chidi@reach.example", frozenset({"reach"})),
    User(34, "dalia", "Dalia Noor", "dalia@example.org", frozenset({"lwala", "reach"})),
    User(35, "eve", "Eve Nobody", "eve@example.org"),
)
WORKERS = tuple(User(400 + n, f"flw_{n:02d}", f"Field worker {n}", "") for n in range(1, 41))
"""Whom records are about. They could log in, and belong nowhere."""
_MORE_FROM = 2_001


class World:
    """The seeded world. The same for every process with the same numbers.

    Args:
        opportunities: so many more than the named ones, all of the organisation ``lwala``.
        visits: of each opportunity.
    """

    def __init__(self, users: Users, opportunities: int = 0, visits: int = 30) -> None:
        self.users = users
        self.visits = visits
        more = [
            Opportunity(_MORE_FROM + n, f"CHC Area {n + 1}", "lwala", visit_count=visits) for n in range(opportunities)
        ]
        named = [replace(one, visit_count=visits) for one in OPPORTUNITIES]
        self.organizations = {one.id: one for one in ORGANIZATIONS}
        self.programs = {one.id: one for one in PROGRAMS}
        self.opportunities = {one.id: one for one in (*named, *more)}

    def replace_all(self, told: dict[str, list[dict[str, Any]]]) -> None:
        """Have exactly these ``organizations``, ``programs``, ``opportunities`` and ``users``."""
        self.organizations = {one["id"]: Organization(**one) for one in told["organizations"]}
        self.programs = {one["id"]: Program(**one) for one in told["programs"]}
        self.opportunities = {one["id"]: Opportunity(**one) for one in told["opportunities"]}
        self.users.replace_all(
            User(id=100 + number, name="", email="", username=one["username"], organizations=frozenset(one["of"]))
            for number, one in enumerate(told["users"])
        )

    def is_member(self, user: User, kind: str, number: int) -> bool:
        """Tell whether a user may see an ``opportunity``, a ``program`` or an ``organization``; False for unknown."""
        if kind == "organization":
            organization = self.organizations.get(number)
            return organization is not None and organization.slug in user.organizations
        if kind == "program":
            program = self.programs.get(number)
            return program is not None and program.organization in user.organizations
        opportunity = self.opportunities.get(number)
        return opportunity is not None and self._sees(user, opportunity)

    def seen_by(self, user: User) -> dict[str, list[dict[str, Any]]]:
        """Return the answer to ``opp_org_program_list/``."""
        return {
            "organizations": [
                {"id": one.id, "slug": one.slug, "name": one.name, "funder": one.funder}
                for one in self.organizations.values()
                if one.slug in user.organizations
            ],
            "opportunities": [_listed(one) for one in self.opportunities.values() if self._sees(user, one)],
            "programs": [
                {
                    "id": one.id,
                    "name": one.name,
                    "delivery_type": one.delivery_type,
                    "currency": one.currency,
                    "organization": one.organization,
                    "funder": one.funder,
                    "watchers": list(one.watchers),
                }
                for one in self.programs.values()
                if one.organization in user.organizations
            ],
        }

    def _sees(self, user: User, opportunity: Opportunity) -> bool:
        if opportunity.organization in user.organizations:
            return True
        program = self.programs.get(opportunity.program or 0)
        return program is not None and program.organization in user.organizations


def _listed(one: Opportunity) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "date_created": one.date_created.isoformat().replace("+00:00", "Z"),
        "organization": one.organization,
        "supervising_organization": one.supervising_organization,
        "end_date": one.end_date.isoformat(),
        "is_active": one.is_active,
        "program": one.program,
        "visit_count": one.visit_count,
    }
