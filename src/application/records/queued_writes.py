"""Look after the writes that wait for the system of record."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler, Query, QueryHandler

from application.kernel.paging import DEFAULT_LIMIT, BadCursorError, Cursor, Page
from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from application.records.records_outbox import Keep, QueuedWrite
from application.records.writing import Outboxes


@dataclass(frozen=True, kw_only=True)
class ListQueuedWritesQuery(Query[OperationResult[Page[QueuedWrite]]]):
    """One's own queued writes in the order in which they were queued; ``everybodys`` for those of all people."""

    everybodys: bool = False
    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


class ListQueuedWritesQueryHandler(QueryHandler[ListQueuedWritesQuery, OperationResult[Page[QueuedWrite]]]):
    def __init__(self, outboxes: Outboxes) -> None:
        self._outbox = outboxes.outbox

    async def handle_async(self, request: ListQueuedWritesQuery) -> OperationResult[Page[QueuedWrite]]:
        whose = None if request.everybodys else current_request().actor
        what = f"outbox|{whose}"
        after = _after(request.cursor, what)
        if self._outbox is None:
            return self.ok(Page([]))
        found = await self._outbox.list_async(whose, after=after, limit=request.limit + 1)
        page = found[: request.limit]
        return self.ok(Page(page, Cursor.encode([page[-1].id], what) if len(found) > len(page) else None))


@dataclass(frozen=True, kw_only=True)
class GetQueuedWriteQuery(Query[OperationResult[QueuedWrite]]):
    """One queued write of one's own; ``anybodys`` for that of another person too."""

    write_id: str
    anybodys: bool = False


class GetQueuedWriteQueryHandler(QueryHandler[GetQueuedWriteQuery, OperationResult[QueuedWrite]]):
    def __init__(self, outboxes: Outboxes) -> None:
        self._outboxes = outboxes

    async def handle_async(self, request: GetQueuedWriteQuery) -> OperationResult[QueuedWrite]:
        write = await _found_async(self._outboxes, request.write_id, anybodys=request.anybodys)
        return missing("queued write", request.write_id) if write is None else self.ok(write)


@dataclass(frozen=True, kw_only=True)
class ResolveQueuedWriteCommand(Command[OperationResult[QueuedWrite]]):
    """Choose between what somebody queued and what is there by now."""

    write_id: str
    keep: Keep
    anybodys: bool = False


class ResolveQueuedWriteCommandHandler(CommandHandler[ResolveQueuedWriteCommand, OperationResult[QueuedWrite]]):
    def __init__(self, outboxes: Outboxes) -> None:
        self._outboxes = outboxes

    async def handle_async(self, request: ResolveQueuedWriteCommand) -> OperationResult[QueuedWrite]:
        write = await _found_async(self._outboxes, request.write_id, anybodys=request.anybodys)
        if write is None or self._outboxes.outbox is None:
            return missing("queued write", request.write_id)
        return self.ok(await self._outboxes.outbox.resolve_async(write.id, request.keep))


async def _found_async(outboxes: Outboxes, write_id: str, *, anybodys: bool) -> QueuedWrite | None:
    """Return a queued write; None when there is none, or it is somebody else's."""
    write = await outboxes.outbox.get_async(write_id) if outboxes.outbox is not None else None
    return write if write is not None and (anybodys or write.username == current_request().actor) else None


def _after(cursor: str | None, what: str) -> str | None:
    if cursor is None:
        return None
    values = Cursor.decode(cursor, what)
    if len(values) != 1 or not isinstance(values[0], str):
        raise BadCursorError
    return values[0]
