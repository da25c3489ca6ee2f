"""Remove a batch of records."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.request_context import current_request
from domain.records.conditions import is_in_scope
from domain.records.errors import RecordNotFoundError
from domain.records.repositories import LabsRecordRepository
from domain.records.values import NO_SCOPE, RecordScope


@dataclass(frozen=True, slots=True)
class Removal:
    """A record to be removed. Under a scope it is passed over when it is not there; without one that is refused."""

    record_id: int
    scope: RecordScope = NO_SCOPE


@dataclass(frozen=True, kw_only=True)
class RemoveRecordsCommand(Command[OperationResult[None]]):
    """Remove all of them or none."""

    removals: tuple[Removal, ...]


class RemoveRecordsCommandHandler(CommandHandler[RemoveRecordsCommand, OperationResult[None]]):
    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def handle_async(self, request: RemoveRecordsCommand) -> OperationResult[None]:
        actor = current_request().actor
        for scope in dict.fromkeys(removal.scope for removal in request.removals):
            if scope.deciding is not None:
                await self._records.find_async(actor, scope, limit=1)
        ids: list[int] = []
        for index, removal in enumerate(request.removals):
            scoped = removal.scope != NO_SCOPE
            record = await self._records.get_async(actor, removal.record_id, removal.scope if scoped else None)
            if record is None and not scoped:
                raise RecordNotFoundError(removal.record_id, index)
            if record is not None and (not scoped or is_in_scope(record, removal.scope)):
                ids.append(record.id)
        if ids:
            await self._records.remove_async(actor, list(dict.fromkeys(ids)))
        return self.no_content()
