"""Stop keeping track of a controller. Its records become removed; what happened to them stays."""

from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.conflicts import MOST_TRIES, deciding_again_async
from application.kernel.credentials import CredentialStore
from application.kernel.refusals import missing, precondition_failed
from application.labs.ports import CmlControllers
from application.labs.worker_in_region import load_worker_async
from domain.kernel.clock import Clock
from domain.labs.repositories import CmlWorkerRepository


@dataclass(frozen=True, kw_only=True)
class DecommissionWorkerCommand(Command[OperationResult[None]]):
    """Decommission a worker."""

    region: str
    worker_id: str
    expected_version: int | None = None


class DecommissionWorkerCommandHandler(CommandHandler[DecommissionWorkerCommand, OperationResult[None]]):
    def __init__(
        self,
        workers: CmlWorkerRepository,
        credentials: CredentialStore,
        controllers: CmlControllers,
        clock: Clock,
    ) -> None:
        self._workers = workers
        self._credentials = credentials
        self._controllers = controllers
        self._clock = clock

    async def handle_async(self, request: DecommissionWorkerCommand) -> OperationResult[None]:
        tries = MOST_TRIES if request.expected_version is None else 1
        return await deciding_again_async(lambda: self._decommission_async(request), tries=tries)

    async def _decommission_async(self, request: DecommissionWorkerCommand) -> OperationResult[None]:
        worker = await load_worker_async(self._workers, request.region, request.worker_id)
        if worker is None:
            return missing("worker", request.worker_id)
        if request.expected_version not in (None, worker.state.state_version):
            return precondition_failed(f"the worker is in version {worker.state.state_version}")
        worker.decommission(self._clock.now())
        await self._workers.update_async(worker)
        await self._credentials.remove_async(request.worker_id)
        await self._controllers.forget_async(request.worker_id)
        return self.no_content()
