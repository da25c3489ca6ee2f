"""What ``labkeeper doctor`` looks at."""

import asyncio
import shutil
import socket
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import httpx

from cli.configuration import check_completeness, load_settings, unknown_variables
from cli.errors import ConfigurationError
from cli.server_file import find_server, servers_of
from domain.kernel.errors import LabkeeperError
from integration.installation_secrets import CREDENTIALS_KEY_FILE, JWT_FILE
from integration.mongo.server.embedded_server import EmbeddedMongoServer
from integration.mongo.server.given_server import check_given_mongodb_async, hosts_of
from integration.mongo.server.mongod_binary import find_mongod
from integration.mongo.server.mongod_process import find_running_mongod
from settings import Settings

LEAST_FREE_BYTES = 2 * 1024**3
PACKAGES = ("labkeeper", "neuroglia-python", "motor", "pymongo", "fastapi", "uvicorn")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether all is well, what was found, and what to do if not."""

    name: str
    well: bool
    finding: str
    advice: str = ""


def check_installation() -> list[Finding]:
    """Look at everything; a check that makes no sense without an earlier one is left out."""
    findings = [_python(), _packages()]
    try:
        settings = load_settings()
        check_completeness(settings)
    except ConfigurationError as error:
        return [
            *findings,
            Finding("settings", False, str(error), "Set the variables that are named to allowed values."),
        ]
    findings.append(_settings())
    checks: tuple[Callable[[Settings], Finding], ...] = (_data_folder, _secrets, _disk, _mongodb, _port, _server)
    return [*findings, *(check(settings) for check in checks)]


def _python() -> Finding:
    found = ".".join(str(part) for part in sys.version_info[:3])
    advice = "Install Python 3.11 or later and make the virtual environment again (`make clean install`)."
    return Finding("Python", sys.version_info >= (3, 11), found, advice)


def _packages() -> Finding:
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    text = ", ".join([*found, *(f"{name} is missing" for name in missing)])
    return Finding("packages", not missing, text, "Install again: `make install`, or `pip install labkeeper`.")


def _settings() -> Finding:
    unknown = unknown_variables()
    if not unknown:
        return Finding("settings", True, "readable")
    advice = "Look for a typing error; notes/guides/settings.md lists every setting."
    return Finding("settings", False, f"mean nothing: {', '.join(unknown)}", advice)


def _data_folder(settings: Settings) -> Finding:
    where = settings.data_dir.absolute()
    if not where.exists():
        return Finding("data folder", True, f"{where} will be made at the first start")
    try:
        with tempfile.TemporaryFile(dir=where):
            pass
    except OSError as error:
        advice = "Give this user the folder, or set LABKEEPER_DATA_DIR to another one."
        return Finding("data folder", False, f"{where} cannot be written: {error.strerror}", advice)
    mode = stat.S_IMODE(where.stat().st_mode)
    return Finding(
        "data folder", not mode & 0o077, f"{where}, mode {mode:04o}", f"Close it to others: `chmod 700 {where}`."
    )


def _secrets(settings: Settings) -> Finding:
    files = [path for name in (JWT_FILE, CREDENTIALS_KEY_FILE) if (path := settings.data_dir / name).exists()]
    open_ones = [path.name for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_ones:
        paths = " ".join(str(settings.data_dir / name) for name in open_ones)
        return Finding("secrets", False, f"others may read {', '.join(open_ones)}", f"Run `chmod 600 {paths}`.")
    return Finding("secrets", True, ", ".join(path.name for path in files) or "will be made at the first start")


def _disk(settings: Settings) -> Finding:
    place = settings.data_dir.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    advice = "Make room, or set LABKEEPER_DATA_DIR to another disk: MongoDB stops writing when the disk is full."
    return Finding("disk", free >= LEAST_FREE_BYTES, f"{free / 1024**3:.1f} GB free", advice)


def _mongodb(settings: Settings) -> Finding:
    if settings.mongodb_uri:
        return _given_mongodb(settings)
    folder = (settings.data_dir / "mongodb").resolve()
    running = find_running_mongod(folder, None)
    if running is not None:
        return Finding("MongoDB", True, f"embedded, runs as process {running.pid} on port {running.port}")
    try:
        binary = find_mongod()
        with tempfile.TemporaryDirectory(prefix="labkeeper-doctor-") as scratch:
            asyncio.run(_try_embedded_async(Path(scratch)))
    except LabkeeperError as error:
        advice = "Follow the message; mongod needs glibc and OpenSSL 3 (Debian 12, Ubuntu 22.04 or later)."
        return Finding("MongoDB", False, str(error), advice)
    return Finding("MongoDB", True, f"embedded, starts and answers ({binary})")


async def _try_embedded_async(folder: Path) -> None:
    server = EmbeddedMongoServer(folder, start_seconds=30.0)
    try:
        await server.start_async()
    finally:
        await server.stop_async()


def _given_mongodb(settings: Settings) -> Finding:
    try:
        asyncio.run(check_given_mongodb_async(settings.mongodb_uri, settings.mongodb_driver, 5.0))
    except LabkeeperError as error:
        return Finding("MongoDB", False, str(error), "Start that server, or correct LABKEEPER_MONGODB_URI.")
    return Finding("MongoDB", True, f"{hosts_of(settings.mongodb_uri)} answers")


def _port(settings: Settings) -> Finding:
    where = f"{settings.host} port {settings.port}"
    if settings.port == 0:
        return Finding("port", True, f"a free one on {settings.host}")
    for server in servers_of(settings.data_dir):
        if server.url.endswith(f":{settings.port}") and server.answers:
            return Finding("port", True, f"{where} is served by process {server.pid}")
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        advice = "End the program that listens there, or set LABKEEPER_PORT to another port (0 takes a free one)."
        return Finding("port", False, f"{where}: {error.strerror}", advice)
    return Finding("port", True, f"{where} is free")


def _server(settings: Settings) -> Finding:
    server = find_server(settings.data_dir)
    if server is None:
        return Finding("server", True, "does not run")
    try:
        answer = httpx.get(f"{server.url}/health/ready", timeout=10.0, trust_env=False)
        said = answer.json()
    except (httpx.HTTPError, ValueError):
        advice = f"It did not end in order. Start `labkeeper serve` again, or remove {server.file}."
        return Finding("server", False, f"does not answer at {server.url}", advice)
    reasons = [f"{check['name']}: {check['reason']}" for check in said["checks"] if check.get("reason")]
    well = said["status"] == "healthy"
    text = f"{server.url} is {said['status']}" + (f" ({'; '.join(reasons)})" if reasons else "")
    return Finding("server", well, text, "See `labkeeper subscriptions list` and the server's log.")
