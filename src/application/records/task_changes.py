"""What every change of a task has in common: who, when, and nothing that others do at the same time is lost."""

from collections.abc import Callable

from neuroglia.core import OperationResult

from application.kernel.refusals import Refusal
from application.kernel.request_context import current_request
from application.records.changing import RecordChanges
from domain.kernel.clock import Clock
from domain.records.kinds.task import TASK, By, Task
from domain.records.rules import check_batch
from domain.records.values import JsonValue, LabsRecord, RecordItem


class TaskChanges:
    """Changes one task by one of its own decisions."""

    def __init__(self, changes: RecordChanges, clock: Clock) -> None:
        self._changes = changes
        self._clock = clock

    async def change_async(
        self, task_id: int, decide: Callable[[Task, By], JsonValue], action: str, expected_version: int | None = None
    ) -> OperationResult[LabsRecord]:
        """Change a task; refused with 404 when it is not there and with 412 in another version than expected.

        Args:
            decide: returns the data of the changed task.
            action: what is done, for the event, e.g. ``tasks.assigned``.
        """

        def fields(record: LabsRecord) -> dict[str, JsonValue]:
            data = decide(Task(record), self.by())
            check_batch([RecordItem(record.id, {"data": data})])
            return {"data": data}

        changed = await self._changes.change_async(
            task_id, fields, kind=TASK, expected_version=expected_version, action=action
        )
        if isinstance(changed, Refusal):
            return changed
        result: OperationResult[LabsRecord] = OperationResult("OK", 200)
        result.data = changed
        return result

    def by(self) -> By:
        """Return who acts now."""
        return By(current_request().actor, self._clock.now())
