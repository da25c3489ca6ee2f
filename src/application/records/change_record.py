"""Change a record."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import Refusal
from application.records.changing import RecordChanges
from domain.records.rules import check_batch
from domain.records.values import LabsRecord, RecordItem


@dataclass(frozen=True, kw_only=True)
class ChangeRecordCommand(Command[OperationResult[LabsRecord]]):
    """Give fields new values; ``data`` are replaced as a whole. ``expected_version`` refuses a stale change."""

    record_id: int
    fields: Mapping[str, Any]
    expected_version: int | None = None


class ChangeRecordCommandHandler(CommandHandler[ChangeRecordCommand, OperationResult[LabsRecord]]):
    def __init__(self, changes: RecordChanges) -> None:
        self._changes = changes

    async def handle_async(self, request: ChangeRecordCommand) -> OperationResult[LabsRecord]:
        check_batch([RecordItem(request.record_id, request.fields)])
        changed = await self._changes.change_async(
            request.record_id, lambda _record: request.fields, expected_version=request.expected_version
        )
        return changed if isinstance(changed, Refusal) else self.ok(changed)
