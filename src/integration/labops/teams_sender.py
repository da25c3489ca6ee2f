"""Sends to Microsoft Teams, and has webhooks signed.

What Teams answers (seed 004, section 7b): a workflow takes a message with any 2xx; a legacy connector with 200 and the
body ``1``, and says in the body of a 200 what went wrong otherwise: throttling passes, anything else is a refusal.
"""

import asyncio
import hashlib
import re
import time
from http import HTTPStatus

import httpx

from application.contracts.signed_messages import SignedMessages
from application.labops.alerts.sending import ChannelSender, SendFate, SendOutcome
from domain.kernel.clock import Clock
from domain.labops.alert_channel import ChannelKind
from integration.http.address_policy import AddressPolicy
from integration.http.errors import (
    AddressNotAllowedError,
    UpstreamError,
    UpstreamTlsError,
    cause_without_address,
)
from integration.http.resilient_client import ResilientClient

TIMEOUT_SECONDS = 10.0
SPACING_SECONDS = 0.3
"""Between two messages to one address: Teams throttles beyond four a second, as they arrive."""
MOST_ANSWER_BYTES = 64 * 1024
MOST_ADDRESSES = 1_000
_THROTTLED = re.compile(r"\b429\b|throttl|too many requests|rate limit", re.IGNORECASE)
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, UpstreamTlsError)
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class TeamsSender(ChannelSender):
    """One call per message: no retries, no redirects, a connection of its own each."""

    def __init__(
        self,
        signed_messages: SignedMessages,
        policy: AddressPolicy,
        clock: Clock,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._signed = signed_messages
        self._next_at: dict[str, float] = {}
        self._client = ResilientClient(
            policy=policy,
            request_timeout_seconds=timeout_seconds,
            deadline_seconds=timeout_seconds,
            max_response_bytes=MOST_ANSWER_BYTES,
            clock=clock,
        )

    async def close_async(self) -> None:
        """Close all connections."""
        await self._client.close_async()

    async def wait_for_turn_async(self, url: str) -> None:
        address = hashlib.sha256(url.encode()).hexdigest()
        now = time.monotonic()
        if len(self._next_at) > MOST_ADDRESSES:
            self._next_at = {key: at for key, at in self._next_at.items() if at > now}
        at = max(now, self._next_at.get(address, now))
        self._next_at[address] = at + SPACING_SECONDS
        await asyncio.sleep(at - now)

    async def send_async(
        self, channel_id: str, kind: ChannelKind, url: str, message_id: str, body: bytes
    ) -> SendOutcome:
        if kind is ChannelKind.WEBHOOK:
            answer = await self._signed.send_async(channel_id, url, message_id, body)
            fate = SendFate.TAKEN if answer.taken else _fate_of(answer.status)
            if fate is SendFate.UNKNOWN:
                fate = SendFate.NOT_TAKEN  # sent again it has the same id, by which receivers know it
            return SendOutcome(fate, answer.status, answer.duration_ms, answer.error, answer.retry_after_seconds)
        began = time.monotonic()
        # On a connection that was kept one could not tell a closed one from a lost answer.
        headers = {"content-type": "application/json", "connection": "close"}
        try:
            got = await self._client.request_async("POST", url, headers=headers, content=body, idempotent=False)
        except UpstreamError as error:
            return SendOutcome(_fate_of_failure(error), None, _milliseconds_since(began), cause_without_address(error))
        took = _milliseconds_since(began)
        if kind is ChannelKind.TEAMS_LEGACY and got.status == HTTPStatus.OK:
            text = got.body.decode("utf-8", "replace").strip()
            if text == "1":
                return SendOutcome(SendFate.TAKEN, got.status, took)
            if _THROTTLED.search(text):
                return SendOutcome(SendFate.NOT_TAKEN, got.status, took, "throttled", got.retry_after_seconds)
            return SendOutcome(SendFate.REFUSED, got.status, took, "answered 200 with an error text")
        if 200 <= got.status < 300:
            return SendOutcome(SendFate.TAKEN, got.status, took)
        return SendOutcome(_fate_of(got.status), got.status, took, f"answered {got.status}", got.retry_after_seconds)


def _fate_of(status: int | None) -> SendFate:
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        return SendFate.UNKNOWN
    if status is None or status >= 500 or status in _PASSING:
        return SendFate.NOT_TAKEN
    return SendFate.REFUSED


def _fate_of_failure(error: UpstreamError) -> SendFate:
    if isinstance(error, AddressNotAllowedError):
        return SendFate.REFUSED
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _NEVER_SENT):
            return SendFate.NOT_TAKEN
        if isinstance(cause, httpx.UnsupportedProtocol | httpx.LocalProtocolError | httpx.InvalidURL):
            return SendFate.REFUSED
        cause = cause.__cause__
    return SendFate.NOT_TAKEN if "does not resolve" in error.why else SendFate.UNKNOWN


def _milliseconds_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
