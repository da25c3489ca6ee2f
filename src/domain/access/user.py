"""User: somebody, and the organisations that they belong to."""

from dataclasses import replace
from datetime import datetime

from domain.access.changes import changes_between, with_changes
from domain.access.details import UserDetails
from domain.access.errors import NotAMemberError, UserRemovedError
from domain.access.events import (
    UserChangedDomainEvent,
    UserCreatedDomainEvent,
    UserJoinedOrganizationDomainEvent,
    UserLeftOrganizationDomainEvent,
    UserRemovedDomainEvent,
)
from domain.access.rules import check_username
from domain.kernel.aggregate import Aggregate, RememberedState, reduces


class UserState(RememberedState):
    """The remembered user; the id is the user name.

    Attributes:
        joined: when they joined, by id of the organisation, with its slug.
    """

    details: UserDetails
    removed: bool
    since: datetime
    joined: dict[int, tuple[str, datetime]]

    @reduces(UserCreatedDomainEvent)
    def _created(self, event: UserCreatedDomainEvent) -> None:
        self.details = UserDetails(name=event.name, email=event.email, active=event.active)
        self.since = event.created_at
        self.removed = False
        self.joined = {}

    @reduces(UserChangedDomainEvent)
    def _changed(self, event: UserChangedDomainEvent) -> None:
        self.details = replace(self.details, **with_changes(event.changed_fields))

    @reduces(UserRemovedDomainEvent)
    def _removed(self, _event: UserRemovedDomainEvent) -> None:
        self.removed = True
        self.joined = {}

    @reduces(UserJoinedOrganizationDomainEvent)
    def _joined(self, event: UserJoinedOrganizationDomainEvent) -> None:
        self.joined = {**self.joined, event.organization_id: (event.organization, event.created_at)}

    @reduces(UserLeftOrganizationDomainEvent)
    def _left(self, event: UserLeftOrganizationDomainEvent) -> None:
        self.joined = {key: value for key, value in self.joined.items() if key != event.organization_id}


class User(Aggregate[UserState]):
    """Somebody, from the first to the last day; a name that was given up may be taken again."""

    def create(self, username: str, details: UserDetails, at: datetime) -> None:
        """Begin, or begin again after a removal.

        Raises:
            InvalidAccessError: nobody can be called that.
        """
        check_username(username)
        self.record(
            UserCreatedDomainEvent(
                aggregate_id=username, created_at=at, name=details.name, email=details.email, active=details.active
            )
        )

    def change(self, details: UserDetails, at: datetime) -> None:
        """Change what differs; record nothing when nothing does."""
        self._refuse_if_removed()
        changes = changes_between(self.state.details, details)
        if changes:
            self.record(UserChangedDomainEvent(aggregate_id=self.state.id, created_at=at, changed_fields=changes))

    def remove(self, at: datetime) -> None:
        """End, with all memberships."""
        self._refuse_if_removed()
        self.record(UserRemovedDomainEvent(aggregate_id=self.state.id, created_at=at))

    def join(self, organization_id: int, slug: str, at: datetime) -> bool:
        """Become a member; False when they are one already."""
        self._refuse_if_removed()
        if organization_id in self.state.joined:
            return False
        self.record(
            UserJoinedOrganizationDomainEvent(
                aggregate_id=self.state.id, created_at=at, organization_id=organization_id, organization=slug
            )
        )
        return True

    def leave(self, organization_id: int, at: datetime) -> None:
        """Be a member no more.

        Raises:
            NotAMemberError: they are none.
        """
        self._refuse_if_removed()
        if organization_id not in self.state.joined:
            raise NotAMemberError(f"{self.state.id} does not belong to organisation {organization_id}")
        slug, _ = self.state.joined[organization_id]
        self.record(
            UserLeftOrganizationDomainEvent(
                aggregate_id=self.state.id, created_at=at, organization_id=organization_id, organization=slug
            )
        )

    def _refuse_if_removed(self) -> None:
        if self.state.removed:
            raise UserRemovedError(f"user {self.state.id} is removed")
