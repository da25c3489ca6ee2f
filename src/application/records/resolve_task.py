"""Resolve a task."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.records.records_outbox import QueuedWrite
from application.records.task_changes import TaskChanges
from domain.records.values import LabsRecord


@dataclass(frozen=True, kw_only=True)
class ResolveTaskCommand(Command[OperationResult[LabsRecord | QueuedWrite]]):
    """Close a task and say what was decided."""

    task_id: int
    official_action: str
    resolution_note: str
    expected_version: int | None = None
    can_wait: bool = False


class ResolveTaskCommandHandler(CommandHandler[ResolveTaskCommand, OperationResult[LabsRecord | QueuedWrite]]):
    def __init__(self, tasks: TaskChanges) -> None:
        self._tasks = tasks

    async def handle_async(self, request: ResolveTaskCommand) -> OperationResult[LabsRecord | QueuedWrite]:
        return await self._tasks.change_or_queue_async(
            request.task_id,
            lambda task, by: task.resolved(request.official_action, request.resolution_note, by),
            "tasks.resolved",
            request.expected_version,
            can_wait=request.can_wait,
        )
