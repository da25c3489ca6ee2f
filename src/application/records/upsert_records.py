"""Write a batch of new and known records."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.request_context import current_request
from domain.records.repositories import LabsRecordRepository
from domain.records.rules import check_batch
from domain.records.values import LabsRecord, RecordItem


@dataclass(frozen=True, kw_only=True)
class UpsertRecordsCommand(Command[OperationResult[list[LabsRecord]]]):
    """Insert the items without an id and change those with one, all of them or none."""

    items: tuple[RecordItem, ...]


class UpsertRecordsCommandHandler(CommandHandler[UpsertRecordsCommand, OperationResult[list[LabsRecord]]]):
    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def handle_async(self, request: UpsertRecordsCommand) -> OperationResult[list[LabsRecord]]:
        check_batch(request.items)
        return self.ok(await self._records.write_async(current_request().actor, request.items))
