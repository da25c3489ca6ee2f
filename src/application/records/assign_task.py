"""Assign a task."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.records.records_outbox import QueuedWrite
from application.records.task_changes import TaskChanges
from domain.records.kinds.task import AssigneeType
from domain.records.values import LabsRecord


@dataclass(frozen=True, kw_only=True)
class AssignTaskCommand(Command[OperationResult[LabsRecord | QueuedWrite]]):
    """Say whose turn it is."""

    task_id: int
    to: AssigneeType
    name: str
    expected_version: int | None = None
    can_wait: bool = False


class AssignTaskCommandHandler(CommandHandler[AssignTaskCommand, OperationResult[LabsRecord | QueuedWrite]]):
    def __init__(self, tasks: TaskChanges) -> None:
        self._tasks = tasks

    async def handle_async(self, request: AssignTaskCommand) -> OperationResult[LabsRecord | QueuedWrite]:
        return await self._tasks.change_or_queue_async(
            request.task_id,
            lambda task, by: task.assigned(request.to, request.name, by),
            "tasks.assigned",
            request.expected_version,
            can_wait=request.can_wait,
        )
