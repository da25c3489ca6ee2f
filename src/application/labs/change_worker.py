"""Change what is known of a controller: its name, where it is, how to log in, whether it is asked at all."""

from dataclasses import dataclass, replace
from typing import Any

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.addresses import OutboundAddresses
from application.kernel.conflicts import MOST_TRIES, deciding_again_async
from application.kernel.credentials import Credentials, CredentialStore
from application.kernel.refusals import invalid, missing, precondition_failed
from application.labs.background_refresh import BackgroundRefresh
from application.labs.ports import CmlControllers
from application.labs.sync_ledger import SyncLedger
from application.labs.views import WorkerView
from application.labs.worker_answers import worker_view_of
from application.labs.worker_in_region import load_worker_async
from application.labs.worker_names import WorkerNames
from domain.kernel.clock import Clock
from domain.labs.cml_worker import CmlWorker
from domain.labs.errors import InvalidWorkerError
from domain.labs.repositories import CmlWorkerRepository
from domain.labs.worker_details import normal_name


@dataclass(frozen=True, kw_only=True)
class ChangeWorkerCommand(Command[OperationResult[WorkerView]]):
    """Change a worker; one that becomes active is refreshed at once.

    ``changes`` holds the details that are to change; a None for user name or password keeps it.
    """

    region: str
    worker_id: str
    changes: dict[str, Any]
    username: str | None = None
    password: str | None = None
    expected_version: int | None = None


class ChangeWorkerCommandHandler(CommandHandler[ChangeWorkerCommand, OperationResult[WorkerView]]):
    def __init__(
        self,
        workers: CmlWorkerRepository,
        credentials: CredentialStore,
        addresses: OutboundAddresses,
        names: WorkerNames,
        controllers: CmlControllers,
        ledger: SyncLedger,
        refreshes: BackgroundRefresh,
        clock: Clock,
    ) -> None:
        self._workers = workers
        self._credentials = credentials
        self._addresses = addresses
        self._names = names
        self._controllers = controllers
        self._ledger = ledger
        self._refreshes = refreshes
        self._clock = clock

    async def handle_async(self, request: ChangeWorkerCommand) -> OperationResult[WorkerView]:
        replaced: list[Credentials] = []
        tries = MOST_TRIES if request.expected_version is None else 1
        return await deciding_again_async(lambda: self._change_async(request, replaced), tries=tries)

    async def _change_async(
        self, request: ChangeWorkerCommand, replaced: list[Credentials]
    ) -> OperationResult[WorkerView]:
        worker = await load_worker_async(self._workers, request.region, request.worker_id)
        if worker is None:
            return missing("worker", request.worker_id)
        if request.expected_version not in (None, worker.state.state_version):
            return precondition_failed(f"the worker is in version {worker.state.state_version}")
        if "endpoint_url" in request.changes:
            objection = await self._addresses.objection_async(request.changes["endpoint_url"])
            if objection is not None:
                return invalid("endpoint_url", objection)
        before = worker.state.details()
        try:
            worker.change_details(replace(before, **_normal(request.changes, before.name)), self._clock.now())
        except InvalidWorkerError as error:
            return invalid(error.field, error.rule)
        if worker.state.name != before.name:
            refusal = await self._names.objection_async(worker)
            if refusal is not None:
                return refusal
        if not replaced:
            replaced += await self._replace_credentials_async(worker, request)
        if replaced:
            worker.note_credentials_replaced(self._clock.now())
        if worker.pending_events:
            await self._workers.update_async(worker)
            await self._controllers.forget_async(worker.state.id)
        if worker.state.active and not before.active:
            await self._refreshes.start_async(worker, trigger="activation")
        return self.ok(worker_view_of(worker, await self._ledger.get_async(worker.state.id)))

    async def _replace_credentials_async(self, worker: CmlWorker, request: ChangeWorkerCommand) -> list[Credentials]:
        """Keep other credentials; return them if they are others, else nothing."""
        if request.username is None and request.password is None:
            return []
        before = await self._credentials.get_async(worker.state.id) or Credentials("", "")
        now = Credentials(
            before.username if request.username is None else request.username,
            before.password if request.password is None else request.password,
        )
        if now == before:
            return []
        await self._credentials.put_async(worker.state.id, now)
        return [now]


def _normal(changes: dict[str, Any], name: str) -> dict[str, Any]:
    """Return changes with a name in its normal form. The very name that a worker bears already stays as it is."""
    if changes.get("name", name) == name:
        return changes
    return {**changes, "name": normal_name(changes["name"])}
