"""Users, for administrators, where this installation keeps them itself."""

from typing import Annotated

from classy_fastapi import delete, get, patch, post
from fastapi import Path, Request, Response

from api.access.managed_here import MANAGED_HERE
from api.access.schemas import ChangeUserBody, CreateUserBody, UserAnswer, UsersPage
from api.access.shaped_answers import ShapedAnswersController
from api.kernel.authorization import Role, requires
from api.kernel.conditional import expected_version, not_modified, version_tag
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from application.access.change_user import ChangeUserCommand
from application.access.create_user import CreateUserCommand
from application.access.get_user import GetUserQuery
from application.access.list_users import ListUsersQuery
from application.access.remove_user import RemoveUserCommand

Username = Annotated[str, Path(max_length=150, description="Name of a user.")]


class UsersController(ShapedAnswersController):
    """Who there is. In modes where Connect knows that, everything here answers 409 `managed-by-connect`."""

    route_prefix = "/users"

    @requires(Role.ADMIN)
    @sends(201, "Location", "ETag", "X-Position")
    @post("", status_code=201, response_model=UserAnswer, dependencies=MANAGED_HERE)
    async def create_user(self, body: CreateUserBody) -> Response:
        """Create a user. A name that a removed user had may be taken again."""
        command = CreateUserCommand(username=body.username, name=body.name, email=body.email, active=body.active)
        result = await self.mediator.execute_async(command)
        return self.shaped(result, UserAnswer, {"Location": f"/api/v1/users/{body.username}"})

    @requires(Role.ADMIN)
    @get("", response_model=UsersPage, dependencies=MANAGED_HERE)
    async def list_users(self, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None) -> Response:
        """List the users in order of their names."""
        return self.shaped(await self.mediator.execute_async(ListUsersQuery(limit=limit, cursor=cursor)), UsersPage)

    @requires(Role.ADMIN)
    @understands("If-None-Match")
    @sends(200, "ETag")
    @get("/{username}", response_model=UserAnswer, dependencies=MANAGED_HERE)
    async def get_user(self, request: Request, username: Username) -> Response:
        """Get one user with their organisations."""
        result = await self.mediator.execute_async(GetUserQuery(username=username))
        unchanged = result.data is not None and not_modified(request, version_tag(result.data.version))
        return unchanged or self.shaped(result, UserAnswer)

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @patch("/{username}", response_model=UserAnswer, dependencies=MANAGED_HERE)
    async def change_user(self, request: Request, username: Username, body: ChangeUserBody) -> Response:
        """Change a user. `If-Match` refuses the change when somebody else was faster."""
        command = ChangeUserCommand(username=username, changes=body.given(), expected_version=expected_version(request))
        return self.shaped(await self.mediator.execute_async(command), UserAnswer)

    @requires(Role.ADMIN)
    @understands("If-Match")
    @sends(204, "X-Position")
    @delete("/{username}", status_code=204, dependencies=MANAGED_HERE)
    async def remove_user(self, request: Request, username: Username) -> Response:
        """Remove a user with all memberships."""
        command = RemoveUserCommand(username=username, expected_version=expected_version(request))
        return self.process(await self.mediator.execute_async(command))
