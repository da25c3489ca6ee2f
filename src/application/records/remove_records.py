"""Remove a batch of records."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.contracts.memberships import MembershipDirectory
from application.kernel.request_context import current_request
from application.records.records_outbox import QueuedWrite
from application.records.writing import RecordWriting
from domain.records.errors import ScopeNotFoundError
from domain.records.record_access import may_change
from domain.records.repositories import LabsRecordRepository
from domain.records.values import NO_SCOPE, RecordScope


@dataclass(frozen=True, slots=True)
class Removal:
    """A record to be removed. Under a scope it is passed over when it is not there; without one that is refused.

    Attributes:
        record_id: None removes nothing; the scope must be theirs all the same.
        scope: one of the remover's, not necessarily of the record's.
    """

    record_id: int | None
    scope: RecordScope = NO_SCOPE


@dataclass(frozen=True, kw_only=True)
class RemoveRecordsCommand(Command[OperationResult[QueuedWrite | None]]):
    """Remove all of them or none."""

    removals: tuple[Removal, ...]
    can_wait: bool = False
    in_batch: bool = True


class RemoveRecordsCommandHandler(CommandHandler[RemoveRecordsCommand, OperationResult[QueuedWrite | None]]):
    def __init__(self, records: LabsRecordRepository, writing: RecordWriting, memberships: MembershipDirectory) -> None:
        self._records = records
        self._writing = writing
        self._memberships = memberships

    async def handle_async(self, request: RemoveRecordsCommand) -> OperationResult[QueuedWrite | None]:
        actor = current_request().actor
        theirs = await self._memberships.of_async(actor)
        for index, removal in enumerate(request.removals):
            for kind, number in removal.scope.parts:
                if not theirs.include(kind.value, number):
                    raise ScopeNotFoundError(kind.value, number, index)
        ids: list[int] = []
        for removal in request.removals:
            if removal.record_id is None:
                continue
            if removal.scope == NO_SCOPE or await self._is_reached_async(actor, removal.record_id, removal.scope):
                ids.append(removal.record_id)
        queued = None
        if ids:
            once = list(dict.fromkeys(ids))
            queued = await self._writing.remove_several_async(actor, once, can_wait=request.can_wait)
        return self.accepted(queued) if queued is not None else self.no_content()

    async def _is_reached_async(self, actor: str, record_id: int, hint: RecordScope) -> bool:
        """Tell whether somebody may remove a record, wherever it belongs; looked for first where they expect it."""
        record = await self._records.get_async(actor, record_id, hint)
        if record is None:
            record = await self._records.get_async(actor, record_id)
        return record is not None and may_change(record, (await self._memberships.of_async(actor)).include)
