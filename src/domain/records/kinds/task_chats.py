"""Conversations that a bot was asked to have with a task's worker, as the task tells of them.

Each is one event. Only while a bot is being asked the task has an entry in ``data.ai_requested`` instead: who dies in
between leaves that, and never a conversation that nobody knows of.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from domain.records.kinds.task import By, Task, TaskUnreadableError
from domain.records.values import JsonValue


class ChatStatus(StrEnum):
    """What is known of a conversation."""

    REQUESTED = "requested"
    """The bot is being asked, or the asking was cut short."""
    PENDING = "pending"
    """The bot took it on, and did not say in which session."""
    ACTIVE = "active"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChat:
    """One conversation.

    Attributes:
        chat_id: our own id of it; empty for those of other clients.
        experiment: id of the bot; empty if not known.
        session_id: of the other system; None as long as it is not known.
        requested_at: when a bot was asked, in ISO 8601; else when the event that tells of it happened.
        reason: why it failed; empty unless it did.
    """

    chat_id: str
    experiment: str
    session_id: str | None
    status: str
    actor: str
    requested_at: str
    reason: str = ""


REQUESTED = "ai_requested"
_TOLD = {
    ChatStatus.FAILED: "No bot talks to the worker",
    ChatStatus.PENDING: "Asked a bot to talk to the worker, and has not heard in which session",
}


def with_request(task: Task, about: dict[str, JsonValue], by: By) -> JsonValue:
    """Return the data of a task that a bot is now being asked about.

    Raises:
        TaskUnreadableError: they are no object.
    """
    if not isinstance(task.record.data, dict):
        raise TaskUnreadableError(f"the data of task {task.record.id} are no object")
    entry: dict[str, Any] = {**about, "actor": by.actor, "timestamp": by.timestamp}
    return {**task.data, REQUESTED: [*_requests(task), entry]}


def with_outcome(task: Task, about: dict[str, JsonValue], by: By) -> JsonValue:
    """Return the data of a task with what came of asking: one event, in place of the request with its ``chat_id``."""
    requests = _requests(task)
    mine = [one for one in requests if isinstance(one, dict) and one.get("chat_id") == about["chat_id"]]
    if mine:
        about = {**about, "requested_at": mine[0].get("timestamp")}
    told = _TOLD.get(ChatStatus(str(about["status"])), "Asked a bot to talk to the worker")
    return _without(task, mine, task.with_chat(told, about, by))


def without_request(task: Task, chat_id: str) -> JsonValue:
    """Return the data of a task about which no bot was asked after all."""
    mine = [one for one in _requests(task) if isinstance(one, dict) and one.get("chat_id") == chat_id]
    return _without(task, mine, task.record.data)


def _requests(task: Task) -> list[Any]:
    found = task.data.get(REQUESTED)
    return found if isinstance(found, list) else []


def _without(task: Task, mine: list[Any], data: JsonValue) -> JsonValue:
    left = [one for one in _requests(task) if one not in mine]
    if not mine or not isinstance(data, dict):
        return data
    if left:
        return {**data, REQUESTED: left}
    return {name: value for name, value in data.items() if name != REQUESTED}


def chats_of(task: Task) -> list[TaskChat]:
    """Return the conversations of a task, oldest first: later events of the same one tell what became of it."""
    chats: list[TaskChat] = []
    for event in task.events:
        if not isinstance(event, dict) or event.get("event_type") != "ai_session":
            continue
        chat = _chat(event)
        known = next((place for place, one in enumerate(chats) if chat.chat_id and one.chat_id == chat.chat_id), None)
        if known is None:
            chats.append(chat)
        else:
            before = chats[known]
            chats[known] = replace(
                before, session_id=chat.session_id or before.session_id, status=chat.status, reason=chat.reason
            )
    asked = [_chat({**one, "status": ChatStatus.REQUESTED}) for one in _requests(task) if isinstance(one, dict)]
    return chats + asked


def _chat(event: dict[str, Any]) -> TaskChat:
    session_id = _text(event, "session_id") or None
    return TaskChat(
        chat_id=_text(event, "chat_id"),
        experiment=_text(event, "experiment"),
        session_id=session_id,
        status=_text(event, "status") or (ChatStatus.ACTIVE if session_id else ChatStatus.PENDING),
        actor=_text(event, "actor"),
        requested_at=_text(event, "requested_at") or _text(event, "timestamp"),
        reason=_text(event, "reason"),
    )


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""
