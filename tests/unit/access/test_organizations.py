"""What an organisation decides about itself and what it owns."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.access.details import OpportunityDetails, OrganizationDetails, ProgramDetails
from domain.access.errors import (
    InvalidAccessError,
    OrganizationRemovedError,
    UnknownOpportunityError,
    UnknownProgramError,
)
from domain.access.events import (
    OpportunityAddedDomainEvent,
    OpportunityChangedDomainEvent,
    OrganizationCreatedDomainEvent,
    OrganizationRemovedDomainEvent,
    ProgramAddedDomainEvent,
    ProgramRemovedDomainEvent,
)
from domain.access.organization import Organization
from domain.kernel.field_change import FieldChange
from tests.support.scenario import given

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LWALA: dict[str, Any] = {"aggregate_id": "lwala", "created_at": NOW}
CHC: dict[str, Any] = {**LWALA, "program_id": 12, "name": "CHC", "delivery_type": None, "currency": "KES"}
ROUND: dict[str, Any] = {
    **LWALA,
    "opportunity_id": 814,
    "name": "Round 3",
    "program_id": 12,
    "start_date": None,
    "end_date": "2026-03-31",
    "is_active": True,
}


def created() -> OrganizationCreatedDomainEvent:
    return OrganizationCreatedDomainEvent(**LWALA, organization_id=7, name="Lwala", funder=False)


def test_an_organisation_is_created_and_owns_programs_and_opportunities() -> None:
    given(Organization).when(lambda one: one.create("lwala", 7, OrganizationDetails(name="Lwala"), NOW)).then(created())
    program = ProgramDetails(name="CHC", currency="KES")
    given(Organization, created()).when(lambda one: one.add_program(12, program, NOW)).then(
        ProgramAddedDomainEvent(**CHC)
    )
    opportunity = OpportunityDetails(name="Round 3", program_id=12, end_date="2026-03-31")
    given(Organization, created()).when(lambda one: one.add_opportunity(814, opportunity, NOW)).then(
        OpportunityAddedDomainEvent(**ROUND)
    )


def test_a_change_of_an_opportunity_records_what_differs() -> None:
    after = OpportunityDetails(name="Round 3", program_id=None, end_date="2026-03-31")
    scenario = given(Organization, created(), OpportunityAddedDomainEvent(**ROUND))
    scenario.when(lambda one: one.change_opportunity(814, after, NOW)).then(
        OpportunityChangedDomainEvent(**LWALA, opportunity_id=814, changed_fields={"program_id": FieldChange(12, None)})
    )


def test_what_it_does_not_own_it_cannot_change() -> None:
    gone = (created(), ProgramAddedDomainEvent(**CHC), ProgramRemovedDomainEvent(**LWALA, program_id=12))
    given(Organization, *gone).when(lambda one: one.remove_program(12, NOW)).then_refused_with(UnknownProgramError)
    given(Organization, created()).when(lambda one: one.remove_opportunity(1, NOW)).then_refused_with(
        UnknownOpportunityError
    )


def test_a_removed_organisation_accepts_no_change_and_its_slug_may_be_taken_again_under_another_id() -> None:
    past = (
        created(),
        ProgramAddedDomainEvent(**CHC),
        OrganizationRemovedDomainEvent(**LWALA, organization_id=7),
    )
    given(Organization, *past).when(lambda one: one.remove(NOW)).then_refused_with(OrganizationRemovedError)
    organization = Organization()
    for number, event in enumerate(past, 1):
        event.aggregate_version = number
    organization.replay(past)
    organization.create("lwala", 8, OrganizationDetails(name="Lwala"), NOW)
    assert (organization.state.number, organization.state.programs) == (8, {})


@pytest.mark.parametrize("slug", ["", "Lwala", "a_b", "-a", "a--b", "12", "a" * 101, "a/b", "a b"])
def test_what_is_no_slug_is_refused(slug: str) -> None:
    given(Organization).when(lambda one: one.create(slug, 7, OrganizationDetails(name="x"), NOW)).then_refused_with(
        InvalidAccessError
    )


@pytest.mark.parametrize(
    "wrong",
    [{"start_date": "1.3.2026"}, {"end_date": "2026-02-30"}, {"start_date": "2026-03-02", "end_date": "2026-03-01"}],
)
def test_days_that_are_none_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidAccessError):
        OpportunityDetails(name="x", **wrong)


def test_a_currency_is_three_capital_letters() -> None:
    for wrong in ("kes", "KE", "K3S", "ÄÖÜ"):
        with pytest.raises(InvalidAccessError):
            ProgramDetails(name="x", currency=wrong)
