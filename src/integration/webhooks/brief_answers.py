"""A client to whom only the status of an answer matters."""

import asyncio

import httpx
from opentelemetry import trace

from domain.kernel.clock import Clock
from integration.http.address_policy import AddressPolicy
from integration.http.resilient_client import ResilientClient
from integration.http.single_call import SingleCalls

READ_BYTES = 4096
READ_SECONDS = 2.0


class _BriefCalls(SingleCalls):
    """Reads the beginning of a body and lets the rest go: with a status there is an answer, whatever follows it."""

    async def _read_async(self, answer: httpx.Response, url: str) -> bytes:  # noqa: ARG002  the base's signature
        if answer.headers.get("content-encoding", "identity") != "identity":
            return b""
        read = bytearray()
        try:
            async with asyncio.timeout(READ_SECONDS):
                async for part in answer.aiter_raw():
                    read += part
                    if len(read) >= READ_BYTES:
                        break
        except (TimeoutError, httpx.TransportError):
            pass
        return bytes(read[:READ_BYTES])


class BriefAnswersClient(ResilientClient):
    """The resilient client, except that of an answer's body only the first 4 KiB are read, for 2 s at most."""

    def __init__(self, *, policy: AddressPolicy, deadline_seconds: float, max_connections: int, clock: Clock) -> None:
        super().__init__(
            policy=policy,
            request_timeout_seconds=deadline_seconds,
            deadline_seconds=deadline_seconds,
            max_connections=max_connections,
            clock=clock,
        )
        self._calls = _BriefCalls(self._client, READ_BYTES, clock, trace.get_tracer("labkeeper.http"))
