"""Running the application in this process, from the settings to the last closed connection."""

import asyncio
import errno
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Literal

import uvicorn
import uvloop
from fastapi import FastAPI

from api.kernel.http_protocol import LabkeeperHttpProtocol
from api.kernel.shutdown import LabkeeperServer
from cli.configuration import check_completeness
from cli.errors import ConfigurationError
from cli.forced_end import end_at_once, ended_by_force
from cli.output import say
from cli.server_file import announce_server, withdraw_server
from cli.signed_tokens import secrets_of
from domain.kernel.errors import LabkeeperError
from integration.garbage_collection import calm_the_collector
from integration.installation_secrets import InstallationSecrets
from integration.mongo.server.embedded_server import EmbeddedMongoServer
from integration.mongo.server.given_server import MalformedMongodbUriError, check_given_mongodb_async, hosts_of
from integration.telemetry.telemetry import Telemetry
from main import build_app, product_version
from settings import Settings

LAST_REQUESTS_SECONDS = 10
"""How long requests that are under way may take at the end."""

MONGODB_SECONDS = 10.0
"""How long a MongoDB that somebody else runs may take to answer at the start."""

FORCE_AFTER_SECONDS = 0.3
"""A second signal that comes sooner is the same one: terminals and launchers often bring it twice."""

EVERY_ADDRESS: dict[str, str] = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what to ask when all are served


class HostError(LabkeeperError):
    """The application cannot run here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RunningLabkeeper:
    """The application, serving."""

    url: str
    settings: Settings
    secrets: InstallationSecrets
    serving: "asyncio.Task[None]"

    async def serve_until_stopped_async(self) -> None:
        """Wait; returns only when the server ends by itself."""
        await asyncio.shield(self.serving)


def run_until_signal(work: Callable[[], Awaitable[None]]) -> None:
    """Run ``work`` on a loop of its own. The first SIGINT, SIGTERM or SIGHUP cancels it, so that it ends in order.

    Another one, ``FORCE_AFTER_SECONDS`` later or more, ends everything at once, started processes included.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_until_signal_async(work))


async def _until_signal_async(work: Callable[[], Awaitable[None]]) -> None:
    task = asyncio.ensure_future(work())
    loop = asyncio.get_running_loop()
    asked_at: float | None = None

    def stop(name: signal.Signals) -> None:
        nonlocal asked_at
        if asked_at is None:
            asked_at = loop.time()
            task.cancel()
        elif loop.time() >= asked_at + FORCE_AFTER_SECONDS:
            end_at_once(name)

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stop, name)
    try:
        await task
    except asyncio.CancelledError:
        if asked_at is None:
            raise


@asynccontextmanager
async def running_labkeeper(settings: Settings) -> AsyncIterator[RunningLabkeeper]:
    """Serve the application until the block ends, then end it in order.

    Raises:
        ConfigurationError: a setting is wrong.
        LabkeeperError: the port is taken, or MongoDB is not to be had.
    """
    check_completeness(settings)
    secrets = secrets_of(settings)
    listening = _bind(settings.host, settings.port)
    try:
        async with _mongodb(settings) as uri:
            telemetry = Telemetry(product_version(), settings.otlp_endpoint)
            telemetry.start()
            try:
                app = build_app(settings, uri, secrets, telemetry)
                async with _serving(app, listening, settings) as serving:
                    url = _url(settings.host, listening)
                    calm_the_collector()
                    with ended_by_force(partial(withdraw_server, settings.data_dir)):
                        try:
                            announce_server(settings.data_dir, url)
                            yield RunningLabkeeper(url, settings, secrets, serving)
                        finally:
                            withdraw_server(settings.data_dir)
            finally:
                await asyncio.to_thread(telemetry.shutdown)
    finally:
        listening.close()


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise ConfigurationError(f"LABKEEPER_HOST: {host} is no address of this machine: {error.strerror}") from error
    listening = socket.socket(family, kind, protocol)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise _not_listening(host, port, error) from error
    return listening


def _not_listening(host: str, port: int, error: OSError) -> LabkeeperError:
    if error.errno == errno.EADDRINUSE:
        return HostError(f"port {port} on {host} is taken by another program: set LABKEEPER_PORT, or 0 for a free one")
    if error.errno in (errno.EACCES, errno.EPERM):
        return ConfigurationError(f"LABKEEPER_PORT: this user may not listen on port {port}; take one above 1023")
    return ConfigurationError(f"LABKEEPER_HOST: cannot listen on {host} port {port}: {error.strerror}")


def _url(host: str, listening: socket.socket) -> str:
    host = EVERY_ADDRESS.get(host, host)
    port = listening.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def _mongodb(settings: Settings) -> AsyncIterator[str]:
    if settings.mongodb_uri:
        say(f"Waiting for the MongoDB at {hosts_of(settings.mongodb_uri)}, for {MONGODB_SECONDS:g} s at the most")
        try:
            await check_given_mongodb_async(settings.mongodb_uri, settings.mongodb_driver, MONGODB_SECONDS)
        except MalformedMongodbUriError as error:
            raise ConfigurationError(str(error)) from error
        yield settings.mongodb_uri
        return
    server = EmbeddedMongoServer(settings.data_dir / "mongodb")
    with ended_by_force(server.kill_at_once):
        try:
            yield await server.start_async()
        finally:
            await server.stop_async()


@asynccontextmanager
async def _serving(app: FastAPI, listening: socket.socket, settings: Settings) -> AsyncIterator["asyncio.Task[None]"]:
    loop: Literal["none"] = "none"
    config = uvicorn.Config(
        app,
        loop=loop,
        http=LabkeeperHttpProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # the application decides whom to believe
        timeout_graceful_shutdown=LAST_REQUESTS_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]), name="http-server")
    try:
        while not server.started:
            if serving.done():
                _explain_end(serving, settings)
            await asyncio.sleep(0.01)
        yield serving
    finally:
        await _end_async(server, serving)


async def _end_async(server: uvicorn.Server, serving: "asyncio.Task[None]") -> None:
    """End the server and the application in order; when this is cancelled, at once."""
    try:
        # Asked to exit while it starts, uvicorn would return at once and never end the application.
        while not server.started and not serving.done():  # noqa: ASYNC110  # uvicorn only sets a flag
            await asyncio.sleep(0.01)
        server.should_exit = True
        await asyncio.wait({serving})
    except asyncio.CancelledError:
        server.force_exit = True
        serving.cancel()
        raise


def _explain_end(serving: "asyncio.Task[None]", settings: Settings) -> None:
    error = serving.exception()
    if isinstance(error, OSError):
        raise _not_listening(settings.host, settings.port, error) from error
    if error is not None:
        raise error
    raise HostError("the application did not start; the log above says why")


class _Server(LabkeeperServer):
    """Leaves the signals to us: there is more to end than the server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
