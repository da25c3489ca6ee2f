"""Change a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import Refusal
from application.kernel.request_context import current_request
from application.records.changing import RecordChanges
from application.records.records_outbox import QueuedWrite
from application.records.writing import RecordWriting
from domain.records.rules import check_batch
from domain.records.values import LabsRecord, RecordItem


@dataclass(frozen=True, kw_only=True)
class ChangeRecordCommand(Command[OperationResult[LabsRecord | QueuedWrite]]):
    """Give fields new values; ``data`` are replaced as a whole. ``expected_version`` refuses a stale change.

    Without it, what the store shows is expected: a conflict when somebody else has changed the record behind that.

    Attributes:
        can_wait: whether it may be queued while the system of record cannot be reached: 202 with a ``QueuedWrite``.
    """

    record_id: int
    fields: Mapping[str, Any]
    expected_version: int | None = None
    can_wait: bool = False


class ChangeRecordCommandHandler(CommandHandler[ChangeRecordCommand, OperationResult[LabsRecord | QueuedWrite]]):
    def __init__(self, changes: RecordChanges, writing: RecordWriting) -> None:
        self._changes = changes
        self._writing = writing

    async def handle_async(self, request: ChangeRecordCommand) -> OperationResult[LabsRecord | QueuedWrite]:
        check_batch([RecordItem(request.record_id, request.fields)])

        async def write(item: RecordItem) -> LabsRecord | QueuedWrite:
            written = await self._writing.write_async(current_request().actor, [item], can_wait=request.can_wait)
            return written if isinstance(written, QueuedWrite) else written[0]

        changed = await self._changes.change_through_async(
            request.record_id,
            lambda _record: request.fields,
            write,
            expected_version=request.expected_version,
            is_blind=True,
        )
        if isinstance(changed, QueuedWrite):
            return self.accepted(changed)
        return changed if isinstance(changed, Refusal) else self.ok(changed)
