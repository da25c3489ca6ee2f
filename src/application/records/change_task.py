"""Change the details of a task."""

from collections.abc import Mapping
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from application.records.records_outbox import QueuedWrite
from application.records.task_changes import TaskChanges
from application.records.task_links import LINKS, TaskLinks
from domain.records.kinds.task import TASK, By, Task
from domain.records.repositories import LabsRecordRepository
from domain.records.values import JsonValue, LabsRecord


@dataclass(frozen=True, kw_only=True)
class ChangeTaskCommand(Command[OperationResult[LabsRecord | QueuedWrite]]):
    """Change title, description, priority, or what the task is linked to; a link of None is taken away."""

    task_id: int
    changes: Mapping[str, JsonValue]
    expected_version: int | None = None
    can_wait: bool = False


class ChangeTaskCommandHandler(CommandHandler[ChangeTaskCommand, OperationResult[LabsRecord | QueuedWrite]]):
    def __init__(self, records: LabsRecordRepository, tasks: TaskChanges) -> None:
        self._records = records
        self._links = TaskLinks(records)
        self._tasks = tasks

    async def handle_async(self, request: ChangeTaskCommand) -> OperationResult[LabsRecord | QueuedWrite]:
        def decide(task: Task, by: By) -> JsonValue:
            data = task.changed(dict(request.changes), by)
            TASK.check(data, only=request.changes.keys())
            return data

        links: dict[str, int | None] = {name: request.changes[name] for name in LINKS if name in request.changes}
        if any(link is not None for link in links.values()):
            record = await self._records.get_async(current_request().actor, request.task_id)
            if record is None or not TASK.includes(record):
                return missing(TASK.name, str(request.task_id))
            await self._links.check_async(links)
        return await self._tasks.change_or_queue_async(
            request.task_id, decide, "tasks.updated", request.expected_version, can_wait=request.can_wait
        )
