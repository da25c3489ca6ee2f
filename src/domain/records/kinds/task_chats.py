"""Conversations that a bot was asked to have with a task's worker, as the task's events tell of them."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from domain.records.kinds.task import Task


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
        requested_at: timestamp of the event that began it.
        reason: why it failed; empty unless it did.
    """

    chat_id: str
    experiment: str
    session_id: str | None
    status: str
    actor: str
    requested_at: str
    reason: str = ""


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
    return chats


def _chat(event: dict[str, Any]) -> TaskChat:
    session_id = _text(event, "session_id") or None
    return TaskChat(
        chat_id=_text(event, "chat_id"),
        experiment=_text(event, "experiment"),
        session_id=session_id,
        status=_text(event, "status") or (ChatStatus.ACTIVE if session_id else ChatStatus.PENDING),
        actor=_text(event, "actor"),
        requested_at=_text(event, "timestamp"),
        reason=_text(event, "reason"),
    )


def _text(event: dict[str, Any], name: str) -> str:
    value = event.get(name)
    return value if isinstance(value, str) else ""
