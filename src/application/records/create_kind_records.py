"""Create records of a kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.request_context import current_request
from application.records.kind_writing import KindWriting
from application.records.records_outbox import QueuedWrite
from application.records.writing import RecordWriting
from domain.records.kinds.kind import Kind
from domain.records.rules import check_batch, check_findable
from domain.records.values import LabsRecord, RecordItem


@dataclass(frozen=True, kw_only=True)
class CreateKindRecordsCommand(Command[OperationResult[list[LabsRecord] | QueuedWrite]]):
    """Create records whose data follow the rules of their kind, all of them or none."""

    kind: Kind
    items: tuple[Mapping[str, Any], ...]
    can_wait: bool = False
    in_batch: bool = False


class CreateKindRecordsCommandHandler(
    CommandHandler[CreateKindRecordsCommand, OperationResult[list[LabsRecord] | QueuedWrite]]
):
    def __init__(self, writing: RecordWriting, kinds: KindWriting) -> None:
        self._writing = writing
        self._kinds = kinds

    async def handle_async(self, request: CreateKindRecordsCommand) -> OperationResult[list[LabsRecord] | QueuedWrite]:
        items = [
            RecordItem(fields=request.kind.completed(fields, self._kinds.experiments, index))
            for index, fields in enumerate(request.items)
        ]
        check_batch(items)
        check_findable(items)
        written = await self._writing.write_async(current_request().actor, items, can_wait=request.can_wait)
        return self.accepted(written) if isinstance(written, QueuedWrite) else self.created(written)
