"""Bots that talk to workers."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.kernel.errors import DomainError, LabkeeperError, UnavailableError

BOTS_OWNER = "records-chatbots"
"""Under which the key to the bots is kept among the credentials."""


class ConsentMissingError(DomainError):
    """The worker has not agreed to be talked to by a bot."""


class ChatbotRefusedError(DomainError):
    """The bot's system refused; the message says why, in its words."""


class ChatbotsNotSetUpError(DomainError):
    """There is no bots' system here, or no key to it."""


class ChatbotsBusyError(UnavailableError):
    """The bots' system wants to be left alone for a while; it has done nothing."""


class ChatbotsFailedError(LabkeeperError):
    """The bots' system gave an answer that cannot be used, or does not accept our key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What a bot is asked to do.

    Attributes:
        identifier: the worker's username.
        experiment: id of the bot.
        prompt: what the bot writes its first message from.
        session_data: kept with the session over there.
        participant_data: kept with the worker over there, whatever the session; empty to leave that alone.
    """

    identifier: str
    experiment: str
    prompt: str
    start_new_session: bool = True
    session_data: Mapping[str, str] = field(default_factory=dict)
    participant_data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BotSession:
    """A session over there; ``created_at`` is aware UTC, None if not told."""

    session_id: str
    identifier: str
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """What was said: role ``system``, ``user`` (the worker) or ``assistant`` (the bot); an ISO 8601 time or None."""

    role: str
    content: str
    created_at: str | None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation so far, oldest message first."""

    session_id: str
    status: str
    identifier: str
    messages: list[ChatMessage]


class Chatbots(ABC):
    """Asks bots to talk to workers.

    Every method raises ``UnavailableError`` when the system does not answer or wants to be left alone for a while,
    ``ChatbotsNotSetUpError`` without a system or key, and ``ChatbotsFailedError`` for answers that cannot be used.
    """

    @abstractmethod
    async def check_set_up_async(self) -> None:
        """Check that there are a system and a key to it; asks nobody else."""

    @abstractmethod
    async def trigger_async(self, request: ChatRequest) -> str | None:
        """Have a bot talk to a worker; return the session's id, None when it is not told.

        Raises:
            ConsentMissingError: the worker has not agreed.
            ChatbotRefusedError: there is no such bot, or it does not talk that way.
        """

    @abstractmethod
    async def latest_sessions_async(self, experiment: str) -> list[BotSession]:
        """Return the five newest sessions of a bot, newest first."""

    @abstractmethod
    async def transcript_async(self, session_id: str) -> Transcript | None:
        """Return a conversation; None when there is no such session."""
