"""What a batch names besides its scopes: parents, and people, of whom the system of record keeps no list."""

from collections.abc import Sequence

from application.contracts.memberships import MembershipDirectory
from domain.records.conditions import Condition, RecordFilter
from domain.records.errors import InvalidRecordError
from domain.records.values import LabsRecord, RecordItem
from integration.records.remote_reads import RemoteReads

_NO_PERSON = "must be the name of somebody known"
_NO_PARENT = "must be the id of a record that is there"


class RemoteSuspects:
    """Finds out which item the system of record means when it breaks at a batch with nothing but an error 500."""

    def __init__(self, reads: RemoteReads, memberships: MembershipDirectory) -> None:
        self._reads = reads
        self._memberships = memberships

    async def check_parents_async(
        self, username: str, items: Sequence[RecordItem], before: dict[int, LabsRecord], *, again: bool = False
    ) -> None:
        """Check the parents that items newly name; one that was seen lately only when asked to look ``again``.

        Raises:
            InvalidRecordError: one is not there for that person.
        """
        named = {
            index: parent
            for index, item in enumerate(items)
            if (parent := item.fields.get("labs_record_id")) is not None
            and (item.id is None or before[item.id].labs_record_id != parent)
            and (again or not self._reads.has_seen(username, parent))
        }
        if not named:
            return
        hints = {parent: items[index].scope for index, parent in named.items()}
        found = await self._reads.find_by_ids_async(username, set(named.values()), hints)
        for index, parent in named.items():
            if parent not in found:
                self._reads.forget(username, [parent])
                raise InvalidRecordError(index, "labs_record_id", _NO_PARENT)

    async def reason_async(
        self, username: str, items: Sequence[RecordItem], before: dict[int, LabsRecord]
    ) -> InvalidRecordError | None:
        """Return the most likely reason of a 500: a parent that went, or a person that nobody knows; None for neither.

        Somebody who has a record in the item's scope, or who writes the batch, is known. Who is left is the suspect.
        """
        try:
            await self.check_parents_async(username, items, before, again=True)
        except InvalidRecordError as error:
            return error
        cleared = {username}
        for index, item in enumerate(items):
            person = item.fields.get("username")
            known = before[item.id].username if item.id is not None else None
            if person is None or person == known or person in cleared:
                continue
            if not await self._memberships.knows_async(person):
                return InvalidRecordError(index, "username", _NO_PERSON)
            theirs = RecordFilter((Condition("username", person),))
            scope = item.scope if item.id is None else before[item.id].scope
            if not await self._reads.list_async(username, scope, theirs):
                return InvalidRecordError(index, "username", _NO_PERSON)
            cleared.add(person)
        return None
