"""List the conversations of a task."""

from dataclasses import dataclass
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.refusals import missing
from application.kernel.request_context import current_request
from application.records.chatbots import BotSession, Chatbots, ChatbotsFailedError, ChatbotsNotSetUpError
from application.records.task_changes import TaskChanges
from domain.kernel.errors import UnavailableError
from domain.records.kinds.task import TASK, By, Task
from domain.records.kinds.task_chats import ChatStatus, TaskChat, chats_of
from domain.records.repositories import LabsRecordRepository
from domain.records.values import JsonValue, LabsRecord


@dataclass(frozen=True, slots=True)
class FoundTaskChats:
    """The conversations of a task, oldest first; and why sessions could not be looked for, None when they could."""

    chats: list[TaskChat]
    not_looked_up: str | None = None


@dataclass(frozen=True, kw_only=True)
class ListTaskChatsQuery(Query[OperationResult[FoundTaskChats]]):
    """The conversations of a task, oldest first. A session that is not known yet is looked for, and linked if found."""

    task_id: int


class ListTaskChatsQueryHandler(QueryHandler[ListTaskChatsQuery, OperationResult[FoundTaskChats]]):
    def __init__(self, records: LabsRecordRepository, tasks: TaskChanges, chatbots: Chatbots) -> None:
        self._records = records
        self._tasks = tasks
        self._chatbots = chatbots

    async def handle_async(self, request: ListTaskChatsQuery) -> OperationResult[FoundTaskChats]:
        record = await self._records.get_async(current_request().actor, request.task_id)
        if record is None or not TASK.includes(record):
            return missing(TASK.name, str(request.task_id))
        for chat in chats_of(Task(record)):
            if chat.status == ChatStatus.PENDING and chat.experiment and chat.chat_id:
                try:
                    record = await self._linked_async(record, chat)
                except (UnavailableError, ChatbotsNotSetUpError, ChatbotsFailedError) as error:
                    # What the task itself tells is there to be read whatever the bots' system does.
                    return self.ok(FoundTaskChats(chats_of(Task(record)), str(error)))
        return self.ok(FoundTaskChats(chats_of(Task(record))))

    async def _linked_async(self, record: LabsRecord, chat: TaskChat) -> LabsRecord:
        username = Task(record).username or record.username
        taken = {one.session_id for one in chats_of(Task(record))}
        since = datetime.fromisoformat(chat.requested_at)
        for session in await self._chatbots.latest_sessions_async(chat.experiment):
            if session.identifier == username and session.session_id not in taken and _is_since(session, since):
                return await self._note_async(record, chat, session.session_id)
        return record

    async def _note_async(self, record: LabsRecord, chat: TaskChat, session_id: str) -> LabsRecord:
        about: dict[str, JsonValue] = {"chat_id": chat.chat_id, "experiment": chat.experiment, "session_id": session_id}

        told = "Found the session in which a bot talks to the worker"

        def decide(task: Task, by: By) -> JsonValue:
            known = next(one for one in chats_of(task) if one.chat_id == chat.chat_id)
            if known.session_id is not None:
                return task.record.data
            return task.with_chat(told, {**about, "status": ChatStatus.ACTIVE.value}, by)

        result = await self._tasks.change_async(record.id, decide, "tasks.ai-session")
        return result.data if result.is_success and result.data is not None else record


def _is_since(session: BotSession, since: datetime) -> bool:
    return session.created_at is None or session.created_at >= since
