"""Organisations, for administrators, where this installation keeps them itself."""

from typing import Annotated

from classy_fastapi import delete, get, patch, post
from fastapi import Path, Request, Response

from api.access.managed_here import MANAGED_HERE
from api.access.schemas import (
    ChangeOrganizationBody,
    CreateOrganizationBody,
    OrganizationAnswer,
    OrganizationsPage,
)
from api.access.shaped_answers import ShapedAnswersController
from api.kernel.authorization import Role, requires
from api.kernel.conditional import expected_version, not_modified, version_tag
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from application.access.change_organization import ChangeOrganizationCommand
from application.access.create_organization import CreateOrganizationCommand
from application.access.get_organization import GetOrganizationQuery
from application.access.list_organizations import ListOrganizationsQuery
from application.access.remove_organization import RemoveOrganizationCommand

Slug = Annotated[str, Path(max_length=100, description="Slug of an organisation.")]


class OrganizationsController(ShapedAnswersController):
    """Who owns programs and opportunities. Where Connect knows that, all answer 409 `managed-by-connect`."""

    route_prefix = "/organizations"

    @requires(Role.ADMIN)
    @sends(201, "Location", "ETag", "X-Position")
    @post("", status_code=201, response_model=OrganizationAnswer, dependencies=MANAGED_HERE)
    async def create_organization(self, body: CreateOrganizationBody) -> Response:
        """Create an organisation. Its integer id is never another's, also when the slug is taken again."""
        command = CreateOrganizationCommand(slug=body.slug, name=body.name, funder=body.funder)
        result = await self.mediator.execute_async(command)
        return self.shaped(result, OrganizationAnswer, {"Location": f"/api/v1/organizations/{body.slug}"})

    @requires(Role.ADMIN)
    @get("", response_model=OrganizationsPage, dependencies=MANAGED_HERE)
    async def list_organizations(self, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Response:
        """List the organisations with what they own, in order of their ids."""
        result = await self.mediator.execute_async(ListOrganizationsQuery(limit=limit, cursor=cursor))
        return self.shaped(result, OrganizationsPage)

    @requires(Role.ADMIN)
    @understands("If-None-Match")
    @sends(200, "ETag")
    @get("/{slug}", response_model=OrganizationAnswer, dependencies=MANAGED_HERE)
    async def get_organization(self, request: Request, slug: Slug) -> Response:
        """Get one organisation with its programs and opportunities."""
        result = await self.mediator.execute_async(GetOrganizationQuery(slug=slug))
        unchanged = result.data is not None and not_modified(request, version_tag(result.data.version))
        return unchanged or self.shaped(result, OrganizationAnswer)

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @patch("/{slug}", response_model=OrganizationAnswer, dependencies=MANAGED_HERE)
    async def change_organization(self, request: Request, slug: Slug, body: ChangeOrganizationBody) -> Response:
        """Change an organisation. `If-Match` refuses the change when somebody else was faster."""
        command = ChangeOrganizationCommand(slug=slug, changes=body.given(), expected_version=expected_version(request))
        return self.shaped(await self.mediator.execute_async(command), OrganizationAnswer)

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(204, "X-Position")
    @delete("/{slug}", status_code=204, dependencies=MANAGED_HERE)
    async def remove_organization(self, request: Request, slug: Slug) -> Response:
        """Remove an organisation with its programs, opportunities and memberships. While these hold records: 409."""
        command = RemoveOrganizationCommand(slug=slug, expected_version=expected_version(request))
        return self.process(await self.mediator.execute_async(command))
