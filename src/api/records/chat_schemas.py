"""Bodies and answers of the conversations of tasks."""

from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.kernel.strict_body import StrictBody

_ID = "^[A-Za-z0-9_-]{1,64}$"
SessionId = Annotated[str | None, Query(pattern=_ID, description="Which conversation; the latest when left out.")]


class InitiateChatBody(StrictBody):
    """Which bot is to talk to the task's worker, and about what."""

    experiment: Annotated[str, Field(pattern=_ID, description="Id of the bot.")]
    prompt_text: Annotated[str, Field(min_length=1, max_length=20_000, description="What the bot writes from.")]
    start_new_session: bool = True

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"experiment": "0b6f2f0c-5f3b-4e0a-9a51-0d6a8e1f7c11", "prompt_text": "Ask about the last visit."}
            ]
        }
    )


class LinkSessionBody(StrictBody):
    """A conversation with the task's worker that was begun elsewhere."""

    session_id: Annotated[str, Field(pattern=_ID)]

    model_config = ConfigDict(json_schema_extra={"examples": [{"session_id": "7d1c0a52-0a1e-4d0e-8c62-1f7f9a1f2b3c"}]})


class ChatbotsKeyBody(StrictBody):
    """The key to Open Chat Studio; null forgets it."""

    api_key: Annotated[str, Field(min_length=1, max_length=1000)] | None

    model_config = ConfigDict(json_schema_extra={"examples": [{"api_key": "..."}]})


class ChatAnswer(BaseModel):
    """A conversation. `session_id` is null as long as it is not known; `reason` says why it failed."""

    model_config = ConfigDict(from_attributes=True)

    chat_id: str
    experiment: str
    session_id: str | None
    status: str = Field(description="requested, pending, active or failed.")
    actor: str
    requested_at: str
    reason: str


class ChatsAnswer(BaseModel):
    """The conversations of a task, oldest first."""

    items: list[ChatAnswer]
    not_looked_up: str | None = Field(
        None, description="Why sessions that are still to be told could not be looked for; null when they could."
    )


class MessageAnswer(BaseModel):
    """What was said: by the bot (`assistant`), the worker (`user`) or neither (`system`)."""

    model_config = ConfigDict(from_attributes=True)

    role: str
    content: str
    created_at: str | None


class TranscriptAnswer(BaseModel):
    """A conversation so far."""

    model_config = ConfigDict(from_attributes=True)

    session_id: str
    status: str
    identifier: str
    messages: list[MessageAnswer]
