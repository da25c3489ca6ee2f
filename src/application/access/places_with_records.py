"""Whatever still holds records is not removed: nobody would see them any more."""

from application.contracts.kept_records import KeptRecords
from application.kernel.refusals import Refusal
from domain.access.organization import Organization


async def records_in_opportunity_async(kept: KeptRecords, owner: Organization, opportunity_id: int) -> Refusal | None:
    """Return why an opportunity stays; None when it holds no records, or is not the owner's."""
    if opportunity_id not in owner.state.opportunities:
        return None
    count = await kept.count_async(opportunities=[opportunity_id])
    return _refusal(f"opportunity {opportunity_id}", count)


async def records_in_program_async(kept: KeptRecords, owner: Organization, program_id: int) -> Refusal | None:
    """Return why a program stays; None when it holds no records, or is not the owner's."""
    if program_id not in owner.state.programs:
        return None
    count = await kept.count_async(programs=[program_id])
    return _refusal(f"program {program_id}", count)


async def records_in_organization_async(kept: KeptRecords, organization: Organization) -> Refusal | None:
    """Return why an organisation stays; None when neither it nor anything that it owns holds records."""
    state = organization.state
    count = await kept.count_async(
        opportunities=list(state.opportunities), programs=list(state.programs), organizations=[state.number]
    )
    return _refusal(f"organisation {state.id}, with what it owns,", count)


def _refusal(what: str, count: int) -> Refusal | None:
    if not count:
        return None
    records = "1 record" if count == 1 else f"{count} records"
    detail = f"{what} holds {records} that nobody would see any more; a member has to remove them first"
    return Refusal(409, "holds-records", "Holds records", detail, records=count)
