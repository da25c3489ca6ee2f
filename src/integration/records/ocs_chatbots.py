"""Bots of Open Chat Studio."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

from application.kernel.credentials import CredentialStore
from application.records.chatbots import (
    BOTS_OWNER,
    BotSession,
    ChatbotRefusedError,
    Chatbots,
    ChatbotsBusyError,
    ChatbotsFailedError,
    ChatbotsNotSetUpError,
    ChatMessage,
    ChatRequest,
    ConsentMissingError,
    Transcript,
)
from domain.kernel.errors import UnavailableError
from integration.http.address_policy import AddressPolicy
from integration.http.errors import UpstreamAnswerError, UpstreamError, cause_without_address
from integration.http.resilient_client import ResilientClient
from integration.http.retry import PATIENCE_SECONDS, RetryPolicy
from integration.http.single_call import UpstreamResponse

PLATFORM = "commcare_connect"
TRIGGER = "/api/trigger_bot"
"""Without a slash at its end in this version of the API."""
LATEST = 5
_LARGEST_ANSWER = 8 * 1024 * 1024
_CONSENT = "not given consent"
log = logging.getLogger("labkeeper.chatbots")


class OcsChatbots(Chatbots):
    """Calls the API with the key that is kept among the credentials.

    Args:
        url: of the installation; empty where there is none.
    """

    def __init__(self, url: str, credentials: CredentialStore, policy: AddressPolicy | None = None) -> None:
        self._credentials = credentials
        self._client = (
            ResilientClient(
                base_url=url,
                policy=policy,
                retry=RetryPolicy(attempts=2),
                request_timeout_seconds=15.0,
                deadline_seconds=30.0,
                patience_seconds=PATIENCE_SECONDS,
                max_response_bytes=_LARGEST_ANSWER,
            )
            if url
            else None
        )

    async def trigger_async(self, request: ChatRequest) -> str | None:
        body = {
            "identifier": request.identifier,
            "platform": PLATFORM,
            "experiment": request.experiment,
            "prompt_text": request.prompt,
            "start_new_session": request.start_new_session,
            "session_data": dict(request.session_data),
        }
        if request.participant_data:
            body["participant_data"] = dict(request.participant_data)
        answer = await self._call_async("POST", TRIGGER, json=body)
        if answer.status in (400, 404):
            detail = _detail(answer)
            if _CONSENT in detail.lower():
                raise ConsentMissingError(f"{request.identifier} has not agreed to be talked to by a bot")
            raise ChatbotRefusedError(f"the bot was not started: {detail}")
        _expect_success(answer)
        return _session_id(_json(answer)) if answer.body.strip() else None

    async def latest_sessions_async(self, experiment: str) -> list[BotSession]:
        params = {"experiment": experiment, "ordering": "-created_at", "page_size": str(LATEST)}
        answer = await self._call_async("GET", "/api/sessions/", params=params)
        if answer.status in (400, 404):
            return []
        _expect_success(answer)
        found = _json(answer).get("results")
        rows = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
        return [
            BotSession(str(one["id"]), _identifier(one), _moment(one.get("created_at")))
            for one in rows[:LATEST]
            if one.get("id")
        ]

    async def transcript_async(self, session_id: str) -> Transcript | None:
        answer = await self._call_async("GET", f"/api/sessions/{quote(session_id, safe='')}/")
        if answer.status == 404:
            return None
        _expect_success(answer)
        session = _json(answer)
        messages = session.get("messages")
        rows = [one for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
        said = [
            ChatMessage(str(one.get("role", "")), str(one.get("content", "")), _text(one.get("created_at")))
            for one in rows
        ]
        return Transcript(session_id, str(session.get("status", "unknown")), _identifier(session), said)

    async def close_async(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close_async()

    async def check_set_up_async(self) -> None:
        await self._set_up_async()

    async def _set_up_async(self) -> tuple[ResilientClient, str]:
        if self._client is None:
            raise ChatbotsNotSetUpError("no Open Chat Studio is set up here: LABKEEPER_OCS_URL is empty")
        key = await self._credentials.get_async(BOTS_OWNER)
        if key is None:
            raise ChatbotsNotSetUpError("no key to Open Chat Studio is kept here; an administrator can set it")
        return self._client, key.password

    async def _call_async(
        self, method: str, path: str, *, json: Any = None, params: Mapping[str, str] | None = None
    ) -> UpstreamResponse:
        client, key = await self._set_up_async()
        try:
            answer = await client.request_async(method, path, headers={"X-api-key": key}, json=json, params=params)
        except UpstreamAnswerError as error:
            raise _failed(error) from error
        except UpstreamError as error:
            log.warning("%s", error)
            why = cause_without_address(error)
            raise UnavailableError(f"Open Chat Studio gives no answer: {why}", 5.0) from error
        if answer.status == 429:
            raise ChatbotsBusyError("Open Chat Studio is asked too often", _available_in(answer))
        if answer.status >= 500:
            raise UnavailableError(f"Open Chat Studio answers {answer.status}", answer.retry_after_seconds or 5.0)
        return answer


def _expect_success(answer: UpstreamResponse) -> None:
    if answer.status in (401, 403):
        raise ChatbotsFailedError("Open Chat Studio does not accept the key, or not for this")
    if not 200 <= answer.status < 300:
        raise ChatbotsFailedError(f"Open Chat Studio answers {answer.status}")


def _json(answer: UpstreamResponse) -> dict[str, Any]:
    try:
        found = answer.json()
    except UpstreamAnswerError as error:
        raise _failed(error) from error
    if not isinstance(found, dict):
        raise ChatbotsFailedError("Open Chat Studio answers with something that is no object")
    return found


def _failed(error: UpstreamAnswerError) -> ChatbotsFailedError:
    """Tell callers what went wrong, and only the log where."""
    log.warning("%s", error)
    return ChatbotsFailedError(f"Open Chat Studio ({urlsplit(error.url).path}): {error.why}")


def _detail(answer: UpstreamResponse) -> str:
    try:
        said = answer.json()
    except UpstreamAnswerError:
        return f"it answers {answer.status}"
    detail = said.get("detail") if isinstance(said, dict) else None
    return str(detail if detail is not None else said)[:500]


def _session_id(said: dict[str, Any]) -> str | None:
    """Servers of different ages name it differently."""
    session = said.get("session")
    nested = session.get("id") if isinstance(session, dict) else None
    found = nested or said.get("session_id") or said.get("id")
    return str(found) if found else None


def _identifier(session: dict[str, Any]) -> str:
    participant = session.get("participant")
    return str(participant.get("identifier", "")) if isinstance(participant, dict) else ""


def _available_in(answer: UpstreamResponse) -> float:
    try:
        said = answer.json()
    except UpstreamAnswerError:
        said = None
    seconds = said.get("available_in") if isinstance(said, dict) else None
    if isinstance(seconds, int | float) and 0 < seconds < 86_400:
        return float(seconds)
    return answer.retry_after_seconds or 5.0


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found.tzinfo is not None else found.replace(tzinfo=UTC)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
