"""Link a conversation that was begun elsewhere to a task."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import invalid, missing
from application.kernel.request_context import current_request
from application.records.chatbots import Chatbots
from application.records.task_changes import TaskChanges
from domain.records.kinds.task import TASK, By, Task
from domain.records.kinds.task_chats import ChatStatus, TaskChat, chats_of
from domain.records.repositories import LabsRecordRepository
from domain.records.values import JsonValue


@dataclass(frozen=True, kw_only=True)
class LinkTaskChatCommand(Command[OperationResult[list[TaskChat]]]):
    """Link a session with the task's own worker: other people's conversations are not to be read through a task."""

    task_id: int
    session_id: str


class LinkTaskChatCommandHandler(CommandHandler[LinkTaskChatCommand, OperationResult[list[TaskChat]]]):
    def __init__(self, records: LabsRecordRepository, tasks: TaskChanges, chatbots: Chatbots) -> None:
        self._records = records
        self._tasks = tasks
        self._chatbots = chatbots

    async def handle_async(self, request: LinkTaskChatCommand) -> OperationResult[list[TaskChat]]:
        record = await self._records.get_async(current_request().actor, request.task_id)
        if record is None or not TASK.includes(record):
            return missing(TASK.name, str(request.task_id))
        transcript = await self._chatbots.transcript_async(request.session_id)
        if transcript is None or transcript.identifier != (Task(record).username or record.username):
            return invalid("session_id", "must be the id of a session with the worker of this task")

        told = "Linked a conversation of a bot with the worker"

        def decide(task: Task, by: By) -> JsonValue:
            if any(chat.session_id == request.session_id for chat in chats_of(task)):
                return task.record.data
            return task.with_chat(told, {"session_id": request.session_id, "status": ChatStatus.ACTIVE.value}, by)

        result = await self._tasks.change_async(request.task_id, decide, "tasks.ai-session")
        if result.data is None:
            return missing(TASK.name, str(request.task_id))
        return self.created(chats_of(Task(result.data)))
