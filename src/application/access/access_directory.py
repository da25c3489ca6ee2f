"""All users and organisations, at hand for every request: a read model in memory."""

from application.kernel.log_directory import LogDirectory
from domain.access.organization import Organization
from domain.access.organization_state import OrganizationState
from domain.access.user import User, UserState


class AccessDirectory(LogDirectory[User | Organization]):
    """Follows the access log in memory.

    What it is asked raises ``UnavailableError`` when the log gives no answer.
    """

    def blank(self, stream: str, /) -> User | Organization:
        return User() if stream.startswith("user-") else Organization()

    async def users_async(self) -> list[UserState]:
        """Return everybody who is not removed, by user name."""
        await self.catch_up_async()
        found = [one.state for one in self._streams.values() if isinstance(one, User) and not one.state.removed]
        return sorted(found, key=lambda state: state.id)

    async def user_async(self, username: str) -> UserState | None:
        """Return a user; None when there is none or they are removed."""
        await self.catch_up_async()
        found = self._streams.get(f"user-{username}")
        return found.state if isinstance(found, User) and not found.state.removed else None

    def remembered_user(self, username: str) -> UserState | None:
        """Return a user as far as the log was read, also a removed one; None for somebody who never was one."""
        found = self._streams.get(f"user-{username}")
        return found.state if isinstance(found, User) else None

    async def organizations_async(self) -> list[OrganizationState]:
        """Return every organisation that is not removed, by integer id."""
        await self.catch_up_async()
        found = [one.state for one in self._streams.values() if isinstance(one, Organization)]
        return sorted((state for state in found if not state.removed), key=lambda state: state.number)

    async def owner_of_program_async(self, program_id: int) -> OrganizationState | None:
        """Return the organisation that owns a program; None when there is no such program."""
        return next((one for one in await self.organizations_async() if program_id in one.programs), None)
