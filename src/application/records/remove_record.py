"""Remove a record."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import missing, precondition_failed
from application.kernel.request_context import current_request
from application.records.record_version import version_of
from application.records.records_outbox import QueuedWrite
from application.records.writing import RecordWriting
from domain.records.errors import RecordChangedError
from domain.records.repositories import LabsRecordRepository


@dataclass(frozen=True, kw_only=True)
class RemoveRecordCommand(Command[OperationResult[QueuedWrite | None]]):
    """Remove a record and, after it, its children. ``expected_version`` refuses it when somebody changed it.

    Attributes:
        can_wait: whether it may be queued while the system of record cannot be reached: 202 with a ``QueuedWrite``.
    """

    record_id: int
    expected_version: int | None = None
    can_wait: bool = False


class RemoveRecordCommandHandler(CommandHandler[RemoveRecordCommand, OperationResult[QueuedWrite | None]]):
    def __init__(self, records: LabsRecordRepository, writing: RecordWriting) -> None:
        self._records = records
        self._writing = writing

    async def handle_async(self, request: RemoveRecordCommand) -> OperationResult[QueuedWrite | None]:
        actor = current_request().actor
        record = await self._records.get_async(actor, request.record_id)
        if record is None:
            return missing("record", str(request.record_id))
        stale = precondition_failed(f"record {record.id} is not in the version that is expected; read it again")
        checked = request.expected_version is not None
        if checked and request.expected_version != version_of(record):
            return stale
        try:
            queued = await self._writing.remove_async(actor, record, checked=checked, can_wait=request.can_wait)
        except RecordChangedError:
            return stale
        return self.accepted(queued) if queued is not None else self.no_content()
