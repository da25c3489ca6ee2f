"""Write a batch of new and known records."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.request_context import current_request
from application.records.records_outbox import QueuedWrite
from application.records.writing import RecordWriting
from domain.records.errors import RecordChangedError, RecordNotFoundError
from domain.records.repositories import LabsRecordRepository
from domain.records.rules import check_batch
from domain.records.values import LabsRecord, RecordItem


@dataclass(frozen=True, kw_only=True)
class UpsertRecordsCommand(Command[OperationResult[list[LabsRecord] | QueuedWrite]]):
    """Insert the items without an id and change those with one, all of them or none.

    Of the latter, what the store shows is expected: a conflict when somebody else has changed one behind that.

    Attributes:
        can_wait: whether it may be queued while the system of record cannot be reached: 202 with a ``QueuedWrite``.
            What waits changes records only as they are now.
    """

    items: tuple[RecordItem, ...]
    can_wait: bool = False
    in_batch: bool = True


class UpsertRecordsCommandHandler(
    CommandHandler[UpsertRecordsCommand, OperationResult[list[LabsRecord] | QueuedWrite]]
):
    def __init__(self, records: LabsRecordRepository, writing: RecordWriting) -> None:
        self._records = records
        self._writing = writing

    async def handle_async(self, request: UpsertRecordsCommand) -> OperationResult[list[LabsRecord] | QueuedWrite]:
        check_batch(request.items)
        actor = current_request().actor
        if not request.can_wait:
            return self.ok(await self._records.write_async(actor, request.items))
        items = await self._as_read_async(actor, request.items)
        try:
            written = await self._writing.write_async(actor, items, can_wait=True)
        except RecordChangedError as error:
            # What it is to be does not depend on what it was: to read it again would only undo what is there.
            if error.current is None:
                raise RecordNotFoundError(error.record_id, error.index) from error
            raise
        return self.accepted(written) if isinstance(written, QueuedWrite) else self.ok(written)

    async def _as_read_async(self, actor: str, items: Sequence[RecordItem]) -> list[RecordItem]:
        """Return the items with what is there of them, to be compared when they are sent."""
        found: list[RecordItem] = []
        for index, item in enumerate(items):
            if item.id is None:
                found.append(item)
                continue
            record = await self._records.get_async(actor, item.id)
            if record is None:
                raise RecordNotFoundError(item.id, index)
            found.append(replace(item, expected=record))
        return found
