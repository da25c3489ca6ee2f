"""What a task may be linked to."""

from application.kernel.request_context import current_request
from domain.records.errors import InvalidRecordError
from domain.records.kinds.audit_session import AUDIT_SESSION
from domain.records.kinds.kind import Kind
from domain.records.kinds.workflow_run import WORKFLOW_RUN
from domain.records.repositories import LabsRecordRepository

LINKS: dict[str, Kind] = {"audit_session_id": AUDIT_SESSION, "workflow_run_id": WORKFLOW_RUN}


class TaskLinks:
    """Checks links of tasks to other records."""

    def __init__(self, records: LabsRecordRepository) -> None:
        self._records = records

    async def check_async(self, links: dict[str, int | None], index: int = 0) -> None:
        """Check that what a task is linked to is there for whoever asks, and of the right kind.

        Args:
            links: id by name of the link; None for no link.

        Raises:
            InvalidRecordError: it is not.
        """
        for name, record_id in links.items():
            if record_id is None:
                continue
            record = await self._records.get_async(current_request().actor, record_id)
            if record is None or not LINKS[name].includes(record):
                raise InvalidRecordError(index, name, f"must be the id of one of your {LINKS[name].name} records")
