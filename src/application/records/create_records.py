"""Create records."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.request_context import current_request
from application.records.records_outbox import QueuedWrite
from application.records.writing import RecordWriting
from domain.records.rules import check_batch, check_findable
from domain.records.values import LabsRecord, RecordItem


@dataclass(frozen=True, kw_only=True)
class CreateRecordsCommand(Command[OperationResult[list[LabsRecord] | QueuedWrite]]):
    """Create one record or many, all of them or none; each item holds the fields that are given.

    Attributes:
        can_wait: whether it may be queued while the system of record cannot be reached: 202 with a ``QueuedWrite``.
        in_batch: whether several are meant, so that a refusal names the one that is to blame.
    """

    items: tuple[Mapping[str, Any], ...]
    can_wait: bool = False
    in_batch: bool = False


class CreateRecordsCommandHandler(
    CommandHandler[CreateRecordsCommand, OperationResult[list[LabsRecord] | QueuedWrite]]
):
    def __init__(self, writing: RecordWriting) -> None:
        self._writing = writing

    async def handle_async(self, request: CreateRecordsCommand) -> OperationResult[list[LabsRecord] | QueuedWrite]:
        items = [RecordItem(fields=fields) for fields in request.items]
        check_batch(items)
        check_findable(items)
        written = await self._writing.write_async(current_request().actor, items, can_wait=request.can_wait)
        return self.accepted(written) if isinstance(written, QueuedWrite) else self.created(written)
