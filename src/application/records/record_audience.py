"""Who hears of a change to a record: whoever may see the record."""

from application.contracts.memberships import MembershipDirectory
from application.kernel.event_feed import RecordedFact
from application.kernel.event_stream import FactAudience
from domain.records.events import (
    LabsRecordChangedDomainEvent,
    LabsRecordCreatedDomainEvent,
    LabsRecordRemovedDomainEvent,
)
from domain.records.values import RecordScope

_ABOUT_RECORDS = (LabsRecordCreatedDomainEvent, LabsRecordChangedDomainEvent, LabsRecordRemovedDomainEvent)


class RecordAudience(FactAudience):
    """Members of the record's scopes, and everybody if it is public. Where it was before it was moved is not told."""

    log = "records"

    def __init__(self, memberships: MembershipDirectory) -> None:
        self._memberships = memberships

    async def hears_async(self, username: str, fact: RecordedFact) -> bool:
        event = fact.event
        if not isinstance(event, _ABOUT_RECORDS):
            return False
        if event.public:
            return True
        scope = RecordScope(event.opportunity_id, event.program_id, event.organization_id)
        if not scope.parts:
            return False
        theirs = await self._memberships.of_async(username)
        return any(theirs.include(kind.value, number) for kind, number in scope.parts)
