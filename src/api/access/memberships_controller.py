"""Who belongs where, for administrators, where this installation keeps it itself."""

from typing import Annotated

from classy_fastapi import delete, get, post
from fastapi import Query, Response

from api.access.managed_here import MANAGED_HERE
from api.access.organizations_controller import Slug
from api.access.schemas import AddMembershipBody, MembershipAnswer, MembershipsPage
from api.access.shaped_answers import ShapedAnswersController
from api.access.users_controller import Username
from api.kernel.authorization import Role, requires
from api.kernel.described_headers import sends
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from application.access.add_membership import AddMembershipCommand
from application.access.list_memberships import ListMembershipsQuery
from application.access.remove_membership import RemoveMembershipCommand

OfUser = Annotated[str | None, Query(max_length=150, description="Only memberships of this user.")]
OfOrganization = Annotated[str | None, Query(max_length=100, description="Only members of this organisation: a slug.")]


class MembershipsController(ShapedAnswersController):
    """Memberships. Where Connect knows them, everything here answers 409 `managed-by-connect`."""

    route_prefix = "/memberships"

    @requires(Role.ADMIN)
    @sends(201, "X-Position")
    @post("", status_code=201, response_model=MembershipAnswer, dependencies=MANAGED_HERE)
    async def add_membership(self, body: AddMembershipBody) -> Response:
        """Let a user belong to an organisation."""
        command = AddMembershipCommand(username=body.username, organization=body.organization)
        return self.shaped(await self.mediator.execute_async(command), MembershipAnswer)

    @requires(Role.ADMIN)
    @get("", response_model=MembershipsPage, dependencies=MANAGED_HERE)
    async def list_memberships(
        self,
        username: OfUser = None,
        organization: OfOrganization = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Response:
        """List memberships in order of user names."""
        query = ListMembershipsQuery(username=username, organization=organization, limit=limit, cursor=cursor)
        return self.shaped(await self.mediator.execute_async(query), MembershipsPage)

    @requires(Role.ADMIN)
    @sends(204, "X-Position")
    @delete("/{slug}/{username}", status_code=204, dependencies=MANAGED_HERE)
    async def remove_membership(self, slug: Slug, username: Username) -> Response:
        """End a membership."""
        command = RemoveMembershipCommand(username=username, organization=slug)
        return self.process(await self.mediator.execute_async(command))
