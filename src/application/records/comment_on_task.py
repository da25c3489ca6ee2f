"""Comment on a task."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.records.records_outbox import QueuedWrite
from application.records.task_changes import TaskChanges
from domain.records.values import LabsRecord


@dataclass(frozen=True, kw_only=True)
class CommentOnTaskCommand(Command[OperationResult[LabsRecord | QueuedWrite]]):
    """Say something about a task."""

    task_id: int
    comment: str
    expected_version: int | None = None
    can_wait: bool = False


class CommentOnTaskCommandHandler(CommandHandler[CommentOnTaskCommand, OperationResult[LabsRecord | QueuedWrite]]):
    def __init__(self, tasks: TaskChanges) -> None:
        self._tasks = tasks

    async def handle_async(self, request: CommentOnTaskCommand) -> OperationResult[LabsRecord | QueuedWrite]:
        return await self._tasks.change_or_queue_async(
            request.task_id,
            lambda task, by: task.commented(request.comment, by),
            "tasks.commented",
            request.expected_version,
            can_wait=request.can_wait,
        )
