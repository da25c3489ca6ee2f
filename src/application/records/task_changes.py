"""What every change of a task has in common: who, when, and nothing that others do at the same time is lost."""

from collections.abc import Callable

from neuroglia.core import OperationResult

from application.kernel.refusals import Refusal
from application.kernel.request_context import current_request
from application.records.changing import RecordChanges
from application.records.records_outbox import QueuedWrite
from domain.kernel.clock import Clock
from domain.records.kinds.task import TASK, By, Task
from domain.records.rules import check_batch
from domain.records.values import JsonValue, LabsRecord, RecordItem

Decide = Callable[[Task, By], JsonValue]
"""Returns the data of the changed task."""


class TaskChanges:
    """Changes one task by one of its own decisions."""

    def __init__(self, changes: RecordChanges, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock

    async def change_async(
        self, task_id: int, decide: Decide, action: str, expected_version: int | None = None
    ) -> OperationResult[LabsRecord]:
        """Change a task; refused with 404 when it is not there and with 412 in another version than expected.

        Args:
            decide: returns the data of the changed task.
            action: what is done, for the event, e.g. ``tasks.assigned``.
        """
        changed = await self._changes.change_async(
            task_id, self._deciding(decide), kind=TASK, expected_version=expected_version, action=action
        )
        if isinstance(changed, Refusal):
            return changed
        result: OperationResult[LabsRecord] = OperationResult("OK", 200)
        result.data = changed
        return result

    async def change_or_queue_async(
        self, task_id: int, decide: Decide, action: str, expected_version: int | None = None, *, can_wait: bool
    ) -> OperationResult[LabsRecord | QueuedWrite]:
        """Change a task as ``change_async`` does; 202 with a ``QueuedWrite`` where that has to wait and can."""
        changed = await self._changes.change_or_queue_async(
            task_id,
            self._deciding(decide),
            kind=TASK,
            expected_version=expected_version,
            action=action,
            can_wait=can_wait,
        )
        if isinstance(changed, Refusal):
            return changed
        waits = isinstance(changed, QueuedWrite)
        result: OperationResult[LabsRecord | QueuedWrite] = OperationResult(
            *(("Accepted", 202) if waits else ("OK", 200))
        )
        result.data = changed
        return result

    def _deciding(self, decide: Decide) -> Callable[[LabsRecord], dict[str, JsonValue]]:
        def fields(record: LabsRecord) -> dict[str, JsonValue]:
            data = decide(Task(record), self.by())
            check_batch([RecordItem(record.id, {"data": data})])
            return {"data": data}

        return fields

    def by(self) -> By:
        """Return who acts now."""
        return By(current_request().actor, self._clock.now())
