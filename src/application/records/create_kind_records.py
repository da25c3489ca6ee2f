"""Create records of a kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.request_context import current_request
from application.records.kind_writing import KindWriting
from domain.records.kinds.kind import Kind
from domain.records.repositories import LabsRecordRepository
from domain.records.rules import check_batch
from domain.records.values import LabsRecord, RecordItem


@dataclass(frozen=True, kw_only=True)
class CreateKindRecordsCommand(Command[OperationResult[list[LabsRecord]]]):
    """Create records whose data follow the rules of their kind, all of them or none."""

    kind: Kind
    items: tuple[Mapping[str, Any], ...]


class CreateKindRecordsCommandHandler(CommandHandler[CreateKindRecordsCommand, OperationResult[list[LabsRecord]]]):
    def __init__(self, records: LabsRecordRepository, writing: KindWriting) -> None:
        self._records = records
        self._writing = writing

    async def handle_async(self, request: CreateKindRecordsCommand) -> OperationResult[list[LabsRecord]]:
        items = [
            RecordItem(fields=request.kind.completed(fields, self._writing.experiments, index))
            for index, fields in enumerate(request.items)
        ]
        check_batch(items)
        return self.created(await self._records.write_async(current_request().actor, items))
