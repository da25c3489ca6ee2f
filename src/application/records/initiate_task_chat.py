"""Have a bot talk to the worker of a task."""

import secrets
from dataclasses import dataclass
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import invalid, missing
from application.kernel.request_context import current_request
from application.records.chatbots import Chatbots, ChatbotsBusyError, ChatbotsNotSetUpError, ChatRequest
from application.records.task_changes import Decide, TaskChanges
from domain.kernel.errors import LabkeeperError, UnavailableError
from domain.records.kinds.task import TASK, Task
from domain.records.kinds.task_chats import ChatStatus, TaskChat, chats_of, with_outcome, with_request, without_request
from domain.records.repositories import LabsRecordRepository
from domain.records.values import JsonValue


@dataclass(frozen=True, kw_only=True)
class InitiateTaskChatCommand(Command[OperationResult[TaskChat]]):
    """Ask a bot. The task says so before the bot is asked, and tells in an event what came of it afterwards."""

    task_id: int
    experiment: str
    prompt: str
    start_new_session: bool = True


class InitiateTaskChatCommandHandler(CommandHandler[InitiateTaskChatCommand, OperationResult[TaskChat]]):
    def __init__(self, records: LabsRecordRepository, tasks: TaskChanges, chatbots: Chatbots) -> None:
        self._records = records
        self._tasks = tasks
        self._chatbots = chatbots

    async def handle_async(self, request: InitiateTaskChatCommand) -> OperationResult[TaskChat]:
        actor = current_request().actor
        record = await self._records.get_async(actor, request.task_id)
        if record is None or not TASK.includes(record):
            return missing(TASK.name, str(request.task_id))
        task = Task(record)
        username = task.username or record.username
        if not username:
            return invalid("username", "must be known of the task: it is the worker that the bot talks to")
        await self._chatbots.check_set_up_async()
        chat_id = secrets.token_hex(8)
        about: dict[str, JsonValue] = {"chat_id": chat_id, "experiment": request.experiment}
        noted = await self._note_async(request.task_id, lambda task, by: with_request(task, about, by))
        if not noted.is_success:
            return noted
        session_data = {
            "task_id": str(record.id),
            "opportunity_id": str(record.opportunity_id or ""),
            "username": username,
            "created_by": actor,
        }
        try:
            session_id = await self._chatbots.trigger_async(
                ChatRequest(
                    identifier=username,
                    experiment=request.experiment,
                    prompt=request.prompt,
                    start_new_session=request.start_new_session,
                    session_data=session_data,
                    participant_data={"name": task.flw_name} if task.flw_name else {},
                )
            )
        except ChatbotsNotSetUpError:
            await self._note_async(request.task_id, lambda task, _by: without_request(task, chat_id))
            raise
        except LabkeeperError as error:
            # Without an answer nobody knows whether the bot was started: its session may be found later.
            unknown = isinstance(error, UnavailableError) and not isinstance(error, ChatbotsBusyError)
            status = ChatStatus.PENDING if unknown else ChatStatus.FAILED
            await self._tell_async(request.task_id, {**about, "status": status.value, "reason": str(error)})
            raise
        status = ChatStatus.ACTIVE if session_id else ChatStatus.PENDING
        result = await self._tell_async(
            request.task_id, {**about, "status": status.value, "session_id": session_id, "prompt": request.prompt}
        )
        if result.data is None:
            return result
        return self.created(next(chat for chat in chats_of(Task(result.data)) if chat.chat_id == chat_id))

    async def _tell_async(self, task_id: int, about: dict[str, JsonValue]) -> OperationResult[Any]:
        return await self._note_async(task_id, lambda task, by: with_outcome(task, about, by))

    async def _note_async(self, task_id: int, decide: Decide) -> OperationResult[Any]:
        return await self._tasks.change_async(task_id, decide, "tasks.ai-session")
