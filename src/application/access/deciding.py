"""Load, decide, save; and decide again when somebody else was faster."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from application.kernel.conflicts import MOST_TRIES, deciding_again_async
from application.kernel.refusals import Refusal, missing, precondition_failed
from domain.access.errors import NotAMemberError, UnknownOpportunityError, UnknownProgramError
from domain.access.organization import Organization
from domain.access.repositories import OrganizationRepository, UserRepository
from domain.access.user import User

TAggregate = TypeVar("TAggregate", User, Organization)


async def found_user_async(users: UserRepository, username: str) -> User | Refusal:
    """Return a user who is there, else the refusal."""
    user = await users.get_async(username)
    return missing("user", username) if user is None or user.state.removed else user


async def found_organization_async(organizations: OrganizationRepository, slug: str) -> Organization | Refusal:
    """Return an organisation that is there, else the refusal."""
    found = await organizations.get_async(slug)
    return missing("organization", slug) if found is None or found.state.removed else found


async def decided_user_async(
    users: UserRepository, username: str, decide: Callable[[User], object], expected_version: int | None = None
) -> User | Refusal:
    """Let something be decided about a user and keep it; return the user, or why not."""

    async def attempt() -> User | Refusal:
        user = await found_user_async(users, username)
        if isinstance(user, Refusal):
            return user
        refusal = _decided(user, decide, expected_version)
        if refusal is None and user.pending_events:
            await users.update_async(user)
        return refusal or user

    return await deciding_again_async(attempt, tries=MOST_TRIES if expected_version is None else 1)


async def decided_organization_async(
    organizations: OrganizationRepository,
    slug: str,
    decide: Callable[[Organization], object],
    expected_version: int | None = None,
    objection: Callable[[Organization], Awaitable[Refusal | None]] | None = None,
) -> Organization | Refusal:
    """Let something be decided about an organisation and keep it; return the organisation, or why not.

    Args:
        objection: asked first about the organisation as it is: what stands against it from outside of it.
    """

    async def attempt() -> Organization | Refusal:
        organization = await found_organization_async(organizations, slug)
        if isinstance(organization, Refusal):
            return organization
        if objection is not None and expected_version in (None, organization.state.state_version):
            against = await objection(organization)
            if against is not None:
                return against
        refusal = _decided(organization, decide, expected_version)
        if refusal is None and organization.pending_events:
            await organizations.update_async(organization)
        return refusal or organization

    return await deciding_again_async(attempt, tries=MOST_TRIES if expected_version is None else 1)


def _decided(
    aggregate: TAggregate, decide: Callable[[TAggregate], object], expected_version: int | None
) -> Refusal | None:
    version = aggregate.state.state_version
    if expected_version not in (None, version):
        return precondition_failed(f"{aggregate.state.id} is in version {version}")
    try:
        decide(aggregate)
    except (NotAMemberError, UnknownProgramError, UnknownOpportunityError) as error:
        return Refusal(404, "not-found", "Not found", str(error))
    return None
