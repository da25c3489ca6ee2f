"""The mongod that Labkeeper brings along, shared by every app process on one data folder.

Three files in the folder keep order. ``mongod.guard``: whoever starts, restarts or ends mongod holds it exclusively, so
that there is never a second one. ``mongod.users``: every app process holds it shared while it runs; who gets it
exclusively is the last one out and ends mongod. ``mongod.json``: the port, process id and start time.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pymongo.errors import PyMongoError

from domain.kernel.errors import LabkeeperError, UnavailableError
from integration.mongo.server.file_locks import FileLock, exclusively, try_lock
from integration.mongo.server.mongod_binary import find_mongod
from integration.mongo.server.mongod_port import choose_port
from integration.mongo.server.mongod_process import (
    MongodPortTakenError,
    MongodProcess,
    MongodStartError,
    find_running_mongod,
    launch_mongod,
)
from integration.mongo.server.mongod_replica_set import lead_replica_set_async
from integration.mongo.server.mongod_state import MongodState, read_state, write_state

REPLICA_SET = "labkeeper"
_log = logging.getLogger(__name__)


class EmbeddedMongoServer:
    """Starts, shares, watches and ends the mongod of one data folder.

    Args:
        data_dir: folder of its own for the data, the log and the lock files; made with mode 0700.
        poll_seconds: how often the supervisor looks whether mongod lives.
        start_seconds: how long a start may take; recovery after a crash is part of it.
        stop_seconds: how long mongod may take to end before it is killed.
    """

    def __init__(
        self, data_dir: Path, *, poll_seconds: float = 0.5, start_seconds: float = 120.0, stop_seconds: float = 20.0
    ) -> None:
        self._folder = data_dir.resolve()
        self._guard_path = self._folder / "mongod.guard"
        self._users_path = self._folder / "mongod.users"
        self._state_path = self._folder / "mongod.json"
        self._poll_seconds = poll_seconds
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._membership: FileLock | None = None
        self._process: MongodProcess | None = None
        self._supervisor: asyncio.Task[None] | None = None

    async def start_async(self) -> str:
        """Return the URI of a mongod that answers and is primary; joins the one that runs already, if any.

        Raises:
            MongodNotFoundError: there is no mongod to start; the message says what to install.
            MongodStartError: it did not start; the message holds the last lines of its log.
        """
        self._make_folder()
        async with exclusively(self._guard_path):
            self._membership = try_lock(self._users_path, shared=True)
            if self._membership is None:
                raise MongodStartError(f"{self._users_path} is locked by a program that is not Labkeeper")
            try:
                process = await self._ensure_running_async()
            except BaseException:
                await self._leave_async()
                raise
        self._supervisor = asyncio.create_task(self._supervise_async(), name="embedded-mongod-supervisor")
        return f"mongodb://127.0.0.1:{process.port}/?replicaSet={REPLICA_SET}"

    async def stop_async(self) -> None:
        """Stop watching, and end mongod when no other app process uses it."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        if self._membership is None:
            return
        async with exclusively(self._guard_path):
            await self._leave_async()

    def kill_at_once(self) -> None:
        """End mongod without asking it, unless other processes use it: for an end that waits for nothing.

        Its journal bears that. The guard is not asked for: whoever holds it may be the very end that is cut short.
        """
        if not self._folder.exists():
            return
        self._give_up_membership()
        last_one_out = try_lock(self._users_path)
        if last_one_out is None:
            return
        last_one_out.release()
        state = read_state(self._state_path)
        process = find_running_mongod(self._folder, state.pid if state else None)
        if process is not None:
            process = self._process if self._process and self._process.pid == process.pid else process
            process.kill()

    @property
    def running(self) -> bool:
        """Whether mongod lives at this moment, as far as this process has seen."""
        return self._process is not None and self._process.alive

    async def _leave_async(self) -> None:
        """End mongod unless others use it. Only under the guard: nobody joins meanwhile."""
        self._give_up_membership()
        last_one_out = try_lock(self._users_path)
        if last_one_out is None:
            _log.info("the embedded mongod goes on for other processes")
            return
        last_one_out.release()
        state = read_state(self._state_path)
        process = find_running_mongod(self._folder, state.pid if state else None)
        if process is not None:
            process = self._process if self._process and self._process.pid == process.pid else process
            await process.stop_async(self._stop_seconds)
            _log.info("ended mongod %s", process.pid)
        if state is not None:
            write_state(self._state_path, MongodState(state.port))

    def _give_up_membership(self) -> None:
        if self._membership is not None:
            self._membership.release()
            self._membership = None

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)

    async def _ensure_running_async(self, *, keep_port: bool = False) -> MongodProcess:
        """Return a mongod that leads its replica set. Only under the guard.

        Args:
            keep_port: clients of this process know the port, so that another one is no help to them.
        """
        state = read_state(self._state_path)
        process = find_running_mongod(self._folder, state.pid if state else None)
        if process is not None:
            _log.info("found mongod %s running on port %s", process.pid, process.port)
            if state is None or (state.pid, state.port) != (process.pid, process.port):
                write_state(self._state_path, MongodState(process.port, process.pid, datetime.now(UTC)))
            try:
                return await self._wait_until_it_leads_async(process)
            except MongodStartError:
                if process.alive:
                    raise
                _log.info("mongod %s was just ending", process.pid)
        return await self._wait_until_it_leads_async(self._launch(state, keep_port=keep_port))

    async def _wait_until_it_leads_async(self, process: MongodProcess) -> MongodProcess:
        self._process = process
        try:
            await lead_replica_set_async(process.port, REPLICA_SET, lambda: process.alive, self._start_seconds)
        except UnavailableError as error:
            raise MongodStartError(process.describe_failure(str(error))) from error
        return process

    def _launch(self, state: MongodState | None, *, keep_port: bool) -> MongodProcess:
        binary = find_mongod()
        port = state.port if state else choose_port()
        try:
            process = launch_mongod(binary, self._folder, port, REPLICA_SET)
        except MongodPortTakenError:
            if keep_port or not self._is_alone():
                raise
            _log.warning("port %s is taken by another program; mongod gets another one", port)
            process = launch_mongod(binary, self._folder, choose_port(), REPLICA_SET)
        write_state(self._state_path, MongodState(process.port, process.pid, datetime.now(UTC)))
        _log.info("started mongod %s on port %s, data in %s", process.pid, process.port, self._folder)
        return process

    def _is_alone(self) -> bool:
        """Tell whether no other app process uses this data. Only under the guard."""
        self._give_up_membership()
        alone = try_lock(self._users_path)
        if alone is not None:
            alone.release()
        self._membership = try_lock(self._users_path, shared=True)
        return alone is not None

    async def _supervise_async(self) -> None:
        """Start a dead mongod again, on its port; failing that, keep trying and say why."""
        while True:
            await asyncio.sleep(self._poll_seconds)
            process = self._process
            if process is not None and process.alive:
                process.rotate_log()
                continue
            try:
                async with exclusively(self._guard_path):
                    await self._ensure_running_async(keep_port=True)
            except (LabkeeperError, PyMongoError, OSError) as error:
                _log.error("mongod died and cannot be started again yet: %s", error)
                await asyncio.sleep(4 * self._poll_seconds)
