"""``/tasks/{task_id}/ai``: bots that talk to the worker of a task."""

from classy_fastapi import get, post, put
from fastapi import Response

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends
from api.records.chat_schemas import (
    ChatAnswer,
    ChatbotsKeyBody,
    ChatsAnswer,
    InitiateChatBody,
    LinkSessionBody,
    SessionId,
    TranscriptAnswer,
)
from api.records.parameters import TaskId
from application.records.get_task_transcript import GetTaskTranscriptQuery
from application.records.initiate_task_chat import InitiateTaskChatCommand
from application.records.link_task_chat import LinkTaskChatCommand
from application.records.list_task_chats import ListTaskChatsQuery
from application.records.set_chatbots_key import SetChatbotsKeyCommand
from domain.records.kinds.task_chats import TaskChat


class TaskChatsController(LabkeeperController):
    """Conversations of Open Chat Studio's bots with workers, each linked to a task."""

    tag = "Task conversations"

    @requires(Role.USER)
    @sends(201, "X-Position")
    @post("/tasks/{task_id}/ai/initiate", status_code=201, response_model=ChatAnswer)
    async def initiate_chat(self, task_id: TaskId, body: InitiateChatBody) -> Response:
        """Have a bot talk to the worker. 409 `no-consent` when the worker has not agreed; 503 says when to try again.

        Send an `Idempotency-Key`: a request that is sent again under it does not have the worker spoken to twice.
        """
        command = InitiateTaskChatCommand(
            task_id=task_id,
            experiment=body.experiment,
            prompt=body.prompt_text,
            start_new_session=body.start_new_session,
        )
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        return self.answer(201, ChatAnswer.model_validate(data_of(result)))

    @requires(Role.USER)
    @get("/tasks/{task_id}/ai/sessions", response_model=ChatsAnswer)
    async def list_chats(self, task_id: TaskId) -> Response:
        """List the conversations. One whose session was not told is looked for, and linked when it is found.

        While that cannot be asked, `not_looked_up` says why; the conversations are told all the same.
        """
        result = await self.mediator.execute_async(ListTaskChatsQuery(task_id=task_id))
        if not result.is_success:
            return self.process(result)
        found = data_of(result)
        return self._chats(200, found.chats, found.not_looked_up)

    @requires(Role.USER)
    @sends(201, "X-Position")
    @post("/tasks/{task_id}/ai/sessions", status_code=201, response_model=ChatsAnswer)
    async def link_chat(self, task_id: TaskId, body: LinkSessionBody) -> Response:
        """Link a conversation with the task's worker that was begun elsewhere."""
        result = await self.mediator.execute_async(LinkTaskChatCommand(task_id=task_id, session_id=body.session_id))
        return self._chats(201, data_of(result)) if result.is_success else self.process(result)

    @requires(Role.USER)
    @get("/tasks/{task_id}/ai/transcript", response_model=TranscriptAnswer)
    async def get_transcript(self, task_id: TaskId, session_id: SessionId = None) -> Response:
        """Read a conversation of the task as it is now."""
        query = GetTaskTranscriptQuery(task_id=task_id, session_id=session_id)
        result = await self.mediator.execute_async(query)
        if not result.is_success:
            return self.process(result)
        return self.answer(200, TranscriptAnswer.model_validate(data_of(result)))

    @requires(Role.ADMIN)
    @put("/chatbots/key", status_code=204)
    async def set_chatbots_key(self, body: ChatbotsKeyBody) -> Response:
        """Set the key to Open Chat Studio. It is kept encrypted and never given back."""
        return self.process(await self.mediator.execute_async(SetChatbotsKeyCommand(api_key=body.api_key)))

    def _chats(self, status: int, chats: list[TaskChat], not_looked_up: str | None = None) -> Response:
        items = [ChatAnswer.model_validate(chat) for chat in chats]
        return self.answer(status, ChatsAnswer(items=items, not_looked_up=not_looked_up))
