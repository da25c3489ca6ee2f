"""Remove a record."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import missing, precondition_failed
from application.kernel.request_context import current_request
from application.records.record_version import version_of
from domain.records.errors import RecordChangedError
from domain.records.repositories import LabsRecordRepository


@dataclass(frozen=True, kw_only=True)
class RemoveRecordCommand(Command[OperationResult[None]]):
    """Remove a record and, after it, its children. ``expected_version`` refuses it when somebody changed it."""

    record_id: int
    expected_version: int | None = None


class RemoveRecordCommandHandler(CommandHandler[RemoveRecordCommand, OperationResult[None]]):
    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def handle_async(self, request: RemoveRecordCommand) -> OperationResult[None]:
        actor = current_request().actor
        record = await self._records.get_async(actor, request.record_id)
        if record is None:
            return missing("record", str(request.record_id))
        if request.expected_version is None:
            await self._records.remove_async(actor, [record.id])
            return self.no_content()
        stale = precondition_failed(f"record {record.id} is not in the version that is expected; read it again")
        if request.expected_version != version_of(record):
            return stale
        try:
            await self._records.remove_async(actor, [record.id], expected=record)
        except RecordChangedError:
            return stale
        return self.no_content()
