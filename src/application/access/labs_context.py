"""Where whoever asks works: the URL, else the session, else the only possibility."""

from application.contracts.labs_context import (
    NOTHING_ASKED,
    AskedContext,
    ContextNotFoundError,
    LabsContext,
    LabsContexts,
)
from application.contracts.memberships import MembershipDirectory, Memberships
from application.kernel.request_context import current_request


class MembersLabsContexts(LabsContexts):
    """Takes nobody anywhere that they do not belong to."""

    def __init__(self, memberships: MembershipDirectory) -> None:
        self._memberships = memberships

    async def current_async(self, asked: AskedContext = NOTHING_ASKED) -> LabsContext:
        request = current_request()
        memberships = await self._memberships.of_async(request.actor)
        if asked != NOTHING_ASKED:
            return chosen_among(memberships, asked)
        if request.signed_in is not None and any(number is not None for number in request.signed_in.context):
            try:
                return chosen_among(memberships, AskedContext(*request.signed_in.context))
            except ContextNotFoundError:
                return only_choice(memberships)
        return only_choice(memberships)


def chosen_among(memberships: Memberships, asked: AskedContext) -> LabsContext:
    """Return what was asked for, with the organisation's slug resolved to its id.

    Raises:
        ContextNotFoundError: they do not belong to one of the parts.
    """
    organization = asked.organization
    if isinstance(organization, str):
        found = next((one.id for one in memberships.organizations if one.slug == organization), None)
        if found is None:
            raise ContextNotFoundError("organization", organization)
        organization = found
    context = LabsContext(asked.opportunity_id, asked.program_id, organization)
    for kind in ("opportunity", "program", "organization"):
        number = getattr(context, f"{kind}_id")
        if number is not None and not memberships.include(kind, number):
            raise ContextNotFoundError(kind, number)
    return context


def only_choice(memberships: Memberships) -> LabsContext:
    """Return the context of somebody who has no choice; an empty one for whoever has."""
    opportunities, programs = memberships.opportunities, memberships.programs
    if len(opportunities) == 1:
        return LabsContext(opportunity_id=opportunities[0].id)
    if len(programs) == 1 and not opportunities:
        return LabsContext(program_id=programs[0].id)
    if len(memberships.organizations) == 1:
        return LabsContext(organization_id=memberships.organizations[0].id)
    return LabsContext()
