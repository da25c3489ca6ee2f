"""Where somebody works: the URL beats the session, the session beats the only choice."""

from dataclasses import replace

import pytest

from application.access.labs_context import MembersLabsContexts
from application.contracts.labs_context import AskedContext, ContextNotFoundError, LabsContext
from application.contracts.memberships import (
    MembershipDirectory,
    Memberships,
    OpportunityView,
    OrganizationView,
    ProgramView,
)
from application.kernel.request_context import RequestContext, acting_as
from application.kernel.sign_in import SignedIn

LWALA = OrganizationView(id=7, slug="lwala", name="Lwala")
REACH = OrganizationView(id=9, slug="reach", name="Reach")
CHC = ProgramView(id=12, name="CHC", organization="lwala")
R3 = OpportunityView(id=814, name="Round 3", organization="lwala", program=12)
R4 = replace(R3, id=815)
EVERYTHING = Memberships((LWALA, REACH), (CHC,), (R3, R4))


class Members(MembershipDirectory):
    def __init__(self, memberships: Memberships) -> None:
        self.memberships = memberships

    async def of_async(self, username: str) -> Memberships:
        return self.memberships if username == "asha" else Memberships()

    async def knows_async(self, username: str) -> bool:
        return True


async def current(
    memberships: Memberships,
    asked: AskedContext = AskedContext(),  # noqa: B008  frozen
    session: tuple[int | None, int | None, int | None] = (None, None, None),
) -> LabsContext:
    with acting_as(RequestContext("asha", signed_in=SignedIn("asha", 0.0, session_key="k", context=session))):
        return await MembersLabsContexts(Members(memberships)).current_async(asked)


async def test_the_only_opportunity_is_taken_else_the_only_program_else_the_only_organisation() -> None:
    assert await current(Memberships((LWALA, REACH), (CHC,), (R3,))) == LabsContext(opportunity_id=814)
    assert await current(Memberships((LWALA, REACH), (CHC,), ())) == LabsContext(program_id=12)
    assert await current(Memberships((LWALA,), (), ())) == LabsContext(organization_id=7)
    assert await current(Memberships((LWALA,), (CHC,), (R3, R4))) == LabsContext(organization_id=7)
    assert await current(EVERYTHING) == LabsContext()
    assert await current(Memberships()) == LabsContext()


async def test_the_url_counts_alone_and_beats_the_session() -> None:
    session = (814, None, None)
    assert await current(EVERYTHING, session=session) == LabsContext(opportunity_id=814)
    assert await current(EVERYTHING, AskedContext(815), session) == LabsContext(opportunity_id=815)
    assert await current(EVERYTHING, AskedContext(program_id=12), session) == LabsContext(program_id=12)


async def test_a_slug_becomes_the_id() -> None:
    assert await current(EVERYTHING, AskedContext.of(None, None, "reach")) == LabsContext(organization_id=9)
    assert await current(EVERYTHING, AskedContext.of(None, None, "9")) == LabsContext(organization_id=9)


@pytest.mark.parametrize(
    "asked",
    [
        AskedContext(816),
        AskedContext(program_id=13),
        AskedContext(organization=8),
        AskedContext(organization="dimagi"),
        AskedContext(814, organization="dimagi"),
        AskedContext(814, 13),
        AskedContext.of(None, None, "²"),
    ],
)
async def test_where_they_do_not_belong_there_is_nothing(asked: AskedContext) -> None:
    with pytest.raises(ContextNotFoundError):
        await current(EVERYTHING, asked)


async def test_a_session_whose_place_is_gone_falls_back_on_the_only_choice() -> None:
    assert await current(Memberships((LWALA,)), session=(814, None, None)) == LabsContext(organization_id=7)
