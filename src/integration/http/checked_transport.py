"""An httpx transport that connects to addresses which passed the policy, and to no others."""

import asyncio
import ssl
import time
from collections.abc import Iterable
from functools import cache
from typing import Any

import httpcore
import httpx

from integration.http.address_policy import AddressPolicy


class CheckedNetworkBackend(httpcore.AsyncNetworkBackend):
    """Resolves, checks and connects in one place.

    The connection goes to the very address that was checked, so a name that changes its answer in between gains
    nothing. TLS still verifies the name: httpcore takes it from the URL, not from here.
    """

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        ends_at = None if timeout is None else time.monotonic() + timeout
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._policy.addresses_async(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("the host name was not resolved in time") from error
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses:
            left = None if ends_at is None else max(ends_at - time.monotonic(), 0.001)
            try:
                return await self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("no address")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class CheckedTransport(httpx.AsyncHTTPTransport):
    """httpx's own transport with its pool on top of :class:`CheckedNetworkBackend`."""

    def __init__(self, policy: AddressPolicy, *, ssl_context: ssl.SSLContext, limits: httpx.Limits) -> None:
        # Not super().__init__(): it would make a pool to throw away, and has no argument for the network backend.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=CheckedNetworkBackend(policy),
        )


@cache
def shared_ssl_context(verify_tls: bool) -> ssl.SSLContext:
    """Return the context for all clients of one kind; loading the trust store takes longer than a call."""
    # trust_env lets SSL_CERT_FILE name a company's own authority.
    return httpx.create_ssl_context(verify=verify_tls, trust_env=True)
