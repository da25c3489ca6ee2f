"""Move a task to another status."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.records.records_outbox import QueuedWrite
from application.records.task_changes import TaskChanges
from domain.records.kinds.task_status import TaskStatus
from domain.records.values import LabsRecord


@dataclass(frozen=True, kw_only=True)
class MoveTaskCommand(Command[OperationResult[LabsRecord | QueuedWrite]]):
    """Move a task; where it may go depends on where it is."""

    task_id: int
    status: TaskStatus
    expected_version: int | None = None
    can_wait: bool = False


class MoveTaskCommandHandler(CommandHandler[MoveTaskCommand, OperationResult[LabsRecord | QueuedWrite]]):
    def __init__(self, tasks: TaskChanges) -> None:
        self._tasks = tasks

    async def handle_async(self, request: MoveTaskCommand) -> OperationResult[LabsRecord | QueuedWrite]:
        return await self._tasks.change_or_queue_async(
            request.task_id,
            lambda task, by: task.moved(request.status, by),
            "tasks.status-changed",
            request.expected_version,
            can_wait=request.can_wait,
        )
