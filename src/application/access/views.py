"""What administrators see of users, organisations and memberships."""

from dataclasses import dataclass
from datetime import datetime

from domain.access.organization import Organization
from domain.access.organization_state import OrganizationState
from domain.access.user import User, UserState


@dataclass(frozen=True, kw_only=True)
class UserView:
    """A user; ``organizations`` are the slugs of those that they joined, in order."""

    username: str
    name: str
    email: str
    active: bool
    organizations: tuple[str, ...]
    created_at: datetime
    changed_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True)
class OwnedProgramView:
    """A program of an organisation."""

    id: int
    name: str
    delivery_type: str | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class OwnedOpportunityView:
    """An opportunity of an organisation; ``program_id`` may be another organisation's."""

    id: int
    name: str
    program_id: int | None
    start_date: str | None
    end_date: str | None
    is_active: bool
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class OwnerView:
    """An organisation with what it owns, in order of id."""

    id: int
    slug: str
    name: str
    funder: bool
    programs: tuple[OwnedProgramView, ...]
    opportunities: tuple[OwnedOpportunityView, ...]
    created_at: datetime
    changed_at: datetime
    version: int


@dataclass(frozen=True, kw_only=True)
class MembershipView:
    """Somebody belongs to an organisation."""

    username: str
    organization_id: int
    organization: str
    since: datetime


def user_view(user: User) -> UserView:
    """Return what is shown of a stored user."""
    return user_state_view(user.state, user.state.state_version)


def user_state_view(state: UserState, version: int) -> UserView:
    """Return what is shown of a remembered user."""
    return UserView(
        username=state.id,
        **vars(state.details),
        organizations=tuple(sorted(slug for slug, _ in state.joined.values())),
        created_at=state.since,
        changed_at=state.last_modified,
        version=version,
    )


def owner_view(organization: Organization) -> OwnerView:
    """Return what is shown of a stored organisation."""
    return owner_state_view(organization.state, organization.state.state_version)


def owner_state_view(state: OrganizationState, version: int) -> OwnerView:
    """Return what is shown of a remembered organisation."""
    return OwnerView(
        id=state.number,
        slug=state.id,
        **vars(state.details),
        programs=tuple(program_view(state, number) for number in sorted(state.programs)),
        opportunities=tuple(opportunity_view(state, number) for number in sorted(state.opportunities)),
        created_at=state.since,
        changed_at=state.last_modified,
        version=version,
    )


def program_view(state: OrganizationState, program_id: int) -> OwnedProgramView:
    """Return what is shown of a program."""
    return OwnedProgramView(id=program_id, **vars(state.programs[program_id]))


def opportunity_view(state: OrganizationState, opportunity_id: int) -> OwnedOpportunityView:
    """Return what is shown of an opportunity."""
    details = vars(state.opportunities[opportunity_id])
    return OwnedOpportunityView(id=opportunity_id, **details, created_at=state.opened[opportunity_id])


def membership_views(state: UserState) -> list[MembershipView]:
    """Return a user's memberships in order of the organisations' ids."""
    return [
        MembershipView(username=state.id, organization_id=number, organization=slug, since=since)
        for number, (slug, since) in sorted(state.joined.items())
    ]
