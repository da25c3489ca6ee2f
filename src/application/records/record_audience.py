"""Who hears of what happens to a record: those who may see it then."""

from application.contracts.memberships import MembershipDirectory
from application.kernel.event_feed import RecordedFact
from application.kernel.event_stream import FactAudience
from domain.kernel.errors import NoUpstreamTokenError
from domain.records.events import (
    LabsRecordChangedDomainEvent,
    LabsRecordCreatedDomainEvent,
    LabsRecordRemovedDomainEvent,
)
from domain.records.record_access import may_hear


class RecordAudience(FactAudience):
    """Facts of the log ``records``: told by membership, to administrators as to everybody.

    Somebody who has to log in at the system of record first hears of no record, as they read none.
    """

    log = "records"

    def __init__(self, memberships: MembershipDirectory) -> None:
        self._memberships = memberships

    async def hears_async(self, username: str, fact: RecordedFact) -> bool:
        event = fact.event
        if not isinstance(
            event, LabsRecordCreatedDomainEvent | LabsRecordChangedDomainEvent | LabsRecordRemovedDomainEvent
        ):
            return False
        try:
            memberships = await self._memberships.of_async(username)
        except NoUpstreamTokenError:
            return False
        return may_hear(event, memberships.include)
