"""Change a record of a kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import Refusal
from application.records.changing import RecordChanges
from application.records.records_outbox import QueuedWrite
from domain.records.kinds.kind import Kind
from domain.records.rules import check_batch
from domain.records.values import JsonValue, LabsRecord, RecordItem


@dataclass(frozen=True, kw_only=True)
class ChangeKindRecordCommand(Command[OperationResult[LabsRecord | QueuedWrite]]):
    """Give keys of the data new values; the others stay. What comes out follows the rules of the kind.

    Attributes:
        data: the keys that are given.
        public: whether it is public from now on; None leaves that.
    """

    kind: Kind
    record_id: int
    data: Mapping[str, JsonValue]
    public: bool | None = None
    expected_version: int | None = None
    can_wait: bool = False


class ChangeKindRecordCommandHandler(
    CommandHandler[ChangeKindRecordCommand, OperationResult[LabsRecord | QueuedWrite]]
):
    def __init__(self, changes: RecordChanges) -> None:
        self._changes = changes

    async def handle_async(self, request: ChangeKindRecordCommand) -> OperationResult[LabsRecord | QueuedWrite]:
        def decide(record: LabsRecord) -> Mapping[str, Any]:
            before = record.data if isinstance(record.data, dict) else {}
            fields: dict[str, Any] = {"data": {**before, **request.data}}
            request.kind.check(fields["data"], only=request.data.keys())
            if request.public is not None:
                fields["public"] = request.public
            check_batch([RecordItem(record.id, fields)])
            return fields

        changed = await self._changes.change_or_queue_async(
            request.record_id,
            decide,
            kind=request.kind,
            expected_version=request.expected_version,
            action=f"{request.kind.name}.changed",
            can_wait=request.can_wait,
        )
        if isinstance(changed, QueuedWrite):
            return self.accepted(changed)
        return changed if isinstance(changed, Refusal) else self.ok(changed)
