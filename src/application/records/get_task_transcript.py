"""Read a conversation of a task."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from application.records.chatbots import Chatbots, Transcript
from domain.records.kinds.task import TASK, Task
from domain.records.kinds.task_chats import chats_of
from domain.records.repositories import LabsRecordRepository


@dataclass(frozen=True, kw_only=True)
class GetTaskTranscriptQuery(Query[OperationResult[Transcript]]):
    """What was said so far; ``session_id`` None means the latest conversation of the task."""

    task_id: int
    session_id: str | None = None


class GetTaskTranscriptQueryHandler(QueryHandler[GetTaskTranscriptQuery, OperationResult[Transcript]]):
    def __init__(self, records: LabsRecordRepository, chatbots: Chatbots) -> None:
        self._records = records
        self._chatbots = chatbots

    async def handle_async(self, request: GetTaskTranscriptQuery) -> OperationResult[Transcript]:
        record = await self._records.get_async(current_request().actor, request.task_id)
        if record is None or not TASK.includes(record):
            return missing(TASK.name, str(request.task_id))
        task = Task(record)
        linked = [chat.session_id for chat in chats_of(task) if chat.session_id is not None]
        wanted = request.session_id or (linked[-1] if linked else None)
        if wanted is None or wanted not in linked:
            return missing("session of task", str(request.task_id))
        transcript = await self._chatbots.transcript_async(wanted)
        # What stands in a task may have been written by any client: only its own worker's words are shown.
        if transcript is None or transcript.identifier != (task.username or record.username):
            return missing("session", wanted)
        return self.ok(transcript)
