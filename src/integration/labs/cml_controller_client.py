"""Controllers over their HTTP interface."""

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from application.labs.ports import (
    CmlControllers,
    ControllerError,
    ControllerRefusedError,
    ControllerTarget,
    ControllerUnavailableError,
    LabListing,
)
from domain.kernel.clock import Clock, SystemClock
from integration.http.address_policy import AddressPolicy
from integration.http.circuit_breaker import CircuitBreaker, CircuitOpenError
from integration.http.resilient_client import ResilientClient
from integration.http.retry import RetryPolicy
from integration.labs.cml_lab_parser import CmlLabParser
from integration.labs.cml_listing import CmlListing, ListingMemory
from integration.labs.cml_session import API, CmlSession
from integration.labs.remembered_tiles import RememberedTiles

_Access = tuple[str, bool, bytes]
"""Endpoint, TLS verification and a digest of the credentials: a change of any of them means to start over."""


@dataclass(slots=True)
class _Worker:
    access: _Access
    session: CmlSession
    memory: ListingMemory
    last_cause: str = ""


class HttpCmlControllers(CmlControllers):
    """Lists labs over HTTP: one token and one breaker per worker, one connection pool per endpoint.

    Args:
        deadline_seconds: over a whole listing, logging in and waiting included.
        detail_concurrency: calls for single labs at a time, over all workers.
        request_timeout_seconds: longest silence of a single call.
        failure_threshold, open_seconds: of the breaker.
        remembers_labs: whether labs whose description did not change are taken from the listing before.
    """

    def __init__(
        self,
        *,
        policy: AddressPolicy | None = None,
        deadline_seconds: float = 60.0,
        detail_concurrency: int = 5,
        request_timeout_seconds: float = 10.0,
        retry: RetryPolicy | None = None,
        failure_threshold: int = 5,
        open_seconds: float = 30.0,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        remembers_labs: bool = True,
    ) -> None:
        self._remembers_labs = remembers_labs
        self._policy = policy or AddressPolicy()
        self._deadline_seconds = deadline_seconds
        self._detail_concurrency = detail_concurrency
        self._details_at_once = asyncio.Semaphore(detail_concurrency)
        self._request_timeout_seconds = request_timeout_seconds
        self._retry = retry
        self._clock = clock or SystemClock()
        self._monotonic = monotonic
        self._parser = CmlLabParser()
        self._breaker = CircuitBreaker(
            counts=_is_illness, failure_threshold=failure_threshold, open_seconds=open_seconds, monotonic=monotonic
        )
        self._digest_key = os.urandom(16)
        self._workers: dict[str, _Worker] = {}
        self._clients: dict[tuple[str, bool], ResilientClient] = {}

    async def list_labs_async(self, target: ControllerTarget) -> LabListing:
        url = _base_url(target)
        worker = self._worker(target)
        listing = CmlListing(
            worker.session,
            worker.memory,
            self._parser,
            self._clock,
            details_at_once=self._details_at_once,
            detail_tasks=self._detail_concurrency,
            monotonic=self._monotonic,
        )
        try:
            async with self._breaker.guarding(target.worker_id):
                try:
                    async with asyncio.timeout(self._deadline_seconds):
                        return await listing.list_async()
                except TimeoutError as error:
                    why = f"no complete listing in {self._deadline_seconds:g} s"
                    raise ControllerUnavailableError(url, "timed_out", why, 5.0) from error
        except CircuitOpenError as error:
            why = f"{error} (the last one: {worker.last_cause})" if worker.last_cause else str(error)
            raise ControllerUnavailableError(url, "circuit_open", why, error.retry_after_seconds) from error
        except ControllerError as error:
            worker.last_cause = error.cause
            raise

    async def forget_async(self, worker_id: str) -> None:
        self._workers.pop(worker_id, None)
        self._breaker.forget(worker_id)

    async def close_async(self) -> None:
        """Close all connections."""
        clients = list(self._clients.values())
        self._clients.clear()
        self._workers.clear()
        for client in clients:
            await client.close_async()

    def _worker(self, target: ControllerTarget) -> _Worker:
        access = self._access(target)
        worker = self._workers.get(target.worker_id)
        if worker is None or worker.access != access:
            if worker is not None:
                self._breaker.forget(target.worker_id)
            memory = ListingMemory(tiles=RememberedTiles() if self._remembers_labs else None)
            worker = _Worker(access, CmlSession(target, self._client(target)), memory)
            self._workers[target.worker_id] = worker
        return worker

    def _client(self, target: ControllerTarget) -> ResilientClient:
        key = (_base_url(target), target.verify_tls)
        client = self._clients.get(key)
        if client is None:
            client = ResilientClient(
                base_url=key[0],
                verify_tls=target.verify_tls,
                policy=self._policy,
                retry=self._retry,
                request_timeout_seconds=self._request_timeout_seconds,
                deadline_seconds=self._deadline_seconds,
                clock=self._clock,
            )
            self._clients[key] = client
        return client

    def _access(self, target: ControllerTarget) -> _Access:
        credentials = target.credentials
        secret = f"{credentials.username}\0{credentials.password}".encode()
        digest = hashlib.blake2b(secret, key=self._digest_key, digest_size=16).digest()
        return _base_url(target), target.verify_tls, digest


def _base_url(target: ControllerTarget) -> str:
    """Return the endpoint as calls build on it; people also paste it with the path of the API."""
    return target.endpoint_url.rstrip("/").removesuffix(API).rstrip("/")


def _is_illness(error: Exception) -> bool:
    """A controller that refuses (4xx) is well; one that does not answer, or answers nonsense, is not."""
    if isinstance(error, ControllerRefusedError):
        status = error.upstream_status
        return error.cause == "invalid_answer" and (status is None or status >= 500)
    return isinstance(error, ControllerError)
