"""Create records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.request_context import current_request
from domain.records.repositories import LabsRecordRepository
from domain.records.rules import check_batch
from domain.records.values import LabsRecord, RecordItem


@dataclass(frozen=True, kw_only=True)
class CreateRecordsCommand(Command[OperationResult[list[LabsRecord]]]):
    """Create one record or many, all of them or none; each item holds the fields that are given."""

    items: tuple[Mapping[str, Any], ...]


class CreateRecordsCommandHandler(CommandHandler[CreateRecordsCommand, OperationResult[list[LabsRecord]]]):
    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def handle_async(self, request: CreateRecordsCommand) -> OperationResult[list[LabsRecord]]:
        items = [RecordItem(fields=fields) for fields in request.items]
        check_batch(items)
        return self.created(await self._records.write_async(current_request().actor, items))
