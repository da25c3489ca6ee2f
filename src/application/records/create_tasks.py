"""Create tasks."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.request_context import current_request
from application.records.records_outbox import QueuedWrite
from application.records.task_links import TaskLinks
from application.records.writing import RecordWriting
from domain.kernel.clock import Clock
from domain.records.errors import InvalidRecordError
from domain.records.kinds.task import TASK, TASK_EXPERIMENT, By, TaskDraft
from domain.records.repositories import LabsRecordRepository
from domain.records.rules import check_batch
from domain.records.values import NO_SCOPE, LabsRecord, RecordItem, RecordScope


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be made in a scope."""

    draft: TaskDraft
    scope: RecordScope


@dataclass(frozen=True, kw_only=True)
class CreateTasksCommand(Command[OperationResult[list[LabsRecord] | QueuedWrite]]):
    """Create one task or many, all of them or none."""

    tasks: tuple[NewTask, ...]
    can_wait: bool = False
    in_batch: bool = False


class CreateTasksCommandHandler(CommandHandler[CreateTasksCommand, OperationResult[list[LabsRecord] | QueuedWrite]]):
    def __init__(self, records: LabsRecordRepository, writing: RecordWriting, clock: Clock) -> None:
        self._writing = writing
        self._links = TaskLinks(records)
        self._clock = clock

    async def handle_async(self, request: CreateTasksCommand) -> OperationResult[list[LabsRecord] | QueuedWrite]:
        by = By(current_request().actor, self._clock.now())
        items = [_item(task, by, index) for index, task in enumerate(request.tasks)]
        check_batch(items)
        for index, task in enumerate(request.tasks):
            draft = task.draft
            links = {"audit_session_id": draft.audit_session_id, "workflow_run_id": draft.workflow_run_id}
            await self._links.check_async(links, index)
        written = await self._writing.write_async(by.actor, items, can_wait=request.can_wait)
        return self.accepted(written) if isinstance(written, QueuedWrite) else self.created(written)


def _item(task: NewTask, by: By, index: int) -> RecordItem:
    if task.scope == NO_SCOPE:
        raise InvalidRecordError(
            index, "opportunity_id", "must be given, or program_id or organization_id: a task without a scope is lost"
        )
    data = task.draft.data(by)
    TASK.check(data, index)
    scope = {f"{kind.value}_id": number for kind, number in task.scope.parts}
    fields = {"experiment": TASK_EXPERIMENT, "type": TASK.type, "data": data, "username": task.draft.username, **scope}
    return RecordItem(fields=fields)
