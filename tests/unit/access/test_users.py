"""What a user decides: past events, one action, new events."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.access.details import UserDetails
from domain.access.errors import InvalidAccessError, NotAMemberError, UserRemovedError
from domain.access.events import (
    ACCESS_EVENTS,
    UserChangedDomainEvent,
    UserCreatedDomainEvent,
    UserJoinedOrganizationDomainEvent,
    UserLeftOrganizationDomainEvent,
    UserRemovedDomainEvent,
)
from domain.access.user import User
from domain.kernel.field_change import FieldChange
from tests.support.scenario import given

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASHA: dict[str, Any] = {"aggregate_id": "asha", "created_at": NOW}
CREATED: dict[str, Any] = {**ASHA, "name": "Asha", "email": "", "active": True}
LWALA: dict[str, Any] = {**ASHA, "organization_id": 7, "organization": "lwala"}


def created() -> UserCreatedDomainEvent:
    return UserCreatedDomainEvent(**CREATED)


def test_a_user_is_created() -> None:
    given(User).when(lambda one: one.create("asha", UserDetails(name="Asha"), NOW)).then(created())


def test_a_change_records_what_differs_and_nothing_when_nothing_does() -> None:
    change = {"active": FieldChange(True, False)}
    given(User, created()).when(lambda one: one.change(UserDetails(name="Asha", active=False), NOW)).then(
        UserChangedDomainEvent(**ASHA, changed_fields=change)
    )
    given(User, created()).when(lambda one: one.change(UserDetails(name="Asha"), NOW)).then_nothing()


def test_joining_counts_once_and_leaving_needs_a_membership() -> None:
    joined = UserJoinedOrganizationDomainEvent(**LWALA)
    given(User, created()).when(lambda one: one.join(7, "lwala", NOW)).then(joined)
    given(User, created(), joined).when(lambda one: one.join(7, "lwala", NOW)).then_nothing()
    given(User, created(), joined).when(lambda one: one.leave(7, NOW)).then(UserLeftOrganizationDomainEvent(**LWALA))
    given(User, created()).when(lambda one: one.leave(7, NOW)).then_refused_with(NotAMemberError)


def test_a_removed_user_accepts_no_change_and_a_name_taken_again_begins_without_memberships() -> None:
    past = (created(), UserJoinedOrganizationDomainEvent(**LWALA), UserRemovedDomainEvent(**ASHA))
    given(User, *past).when(lambda one: one.join(9, "reach", NOW)).then_refused_with(UserRemovedError)
    again = given(User, *past).when(lambda one: one.create("asha", UserDetails(name="Asha"), NOW)).then(created())
    assert again.state.joined == {}
    assert not again.state.removed


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a\n", "a\x00", "a" * 151, "a:b", "<a>"])
def test_what_is_no_user_name_is_refused(name: str) -> None:
    given(User).when(lambda one: one.create(name, UserDetails(), NOW)).then_refused_with(InvalidAccessError)


@pytest.mark.parametrize("wrong", [{"name": "a\n"}, {"name": "x" * 256}, {"email": "x"}, {"email": "a b@c"}])
def test_what_is_no_name_or_address_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidAccessError):
        UserDetails(**wrong)


def test_every_event_has_a_stored_name_of_this_context() -> None:
    names = [event.event_type for event in ACCESS_EVENTS]
    assert len(set(names)) == len(names)
    assert all(name.startswith("access.") and name.endswith(".v1") for name in names)
