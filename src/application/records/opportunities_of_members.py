"""Opportunities where no system of record knows more than who belongs to them."""

from typing import Any

from application.contracts.memberships import MembershipDirectory
from application.records.opportunities import OPPORTUNITY_KEYS, Opportunities


class OpportunitiesOfMembers(Opportunities):
    """Answers from the memberships; apps, budgets and payment units are not kept here."""

    def __init__(self, memberships: MembershipDirectory) -> None:
        self._memberships = memberships

    async def details_async(self, username: str, opportunity_id: int) -> dict[str, Any] | None:
        theirs = await self._memberships.of_async(username)
        for one in theirs.opportunities:
            if one.id == opportunity_id:
                known = {
                    "id": one.id,
                    "name": one.name,
                    "description": "",
                    "short_description": "",
                    "date_created": one.date_created,
                    "organization": one.organization,
                    "end_date": one.end_date,
                    "is_active": one.is_active,
                    "payment_units": [],
                }
                return {key: known.get(key) for key in OPPORTUNITY_KEYS}
        return None
