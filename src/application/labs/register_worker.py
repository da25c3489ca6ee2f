"""Register a controller whose labs are to be kept track of."""

from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from neuroglia.core import OperationResult
from neuroglia.mediation import Command, CommandHandler

from application.kernel.addresses import OutboundAddresses
from application.kernel.credentials import Credentials, CredentialStore
from application.kernel.refusals import invalid
from application.kernel.request_context import current_request
from application.labs.background_refresh import BackgroundRefresh
from application.labs.views import WorkerView
from application.labs.worker_answers import worker_view_of
from application.labs.worker_names import WorkerNames
from domain.kernel.clock import Clock
from domain.labs.cml_worker import CmlWorker
from domain.labs.errors import InvalidWorkerError
from domain.labs.repositories import CmlWorkerRepository
from domain.labs.worker_details import WorkerDetails, normal_name


@dataclass(frozen=True, kw_only=True)
class RegisterWorkerCommand(Command[OperationResult[WorkerView]]):
    """Register a worker in a region. Its first refresh starts at once if it is active."""

    name: str
    region: str
    endpoint_url: str
    credentials: Credentials
    verify_tls: bool
    active: bool
    max_history_size: int


class RegisterWorkerCommandHandler(CommandHandler[RegisterWorkerCommand, OperationResult[WorkerView]]):
    def __init__(
        self,
        workers: CmlWorkerRepository,
        credentials: CredentialStore,
        addresses: OutboundAddresses,
        names: WorkerNames,
        refreshes: BackgroundRefresh,
        clock: Clock,
    ) -> None:
        self._workers = workers
        self._credentials = credentials
        self._addresses = addresses
        self._names = names
        self._refreshes = refreshes
        self._clock = clock

    async def handle_async(self, request: RegisterWorkerCommand) -> OperationResult[WorkerView]:
        try:
            details = WorkerDetails(
                name=normal_name(request.name),
                region=request.region,
                endpoint_url=request.endpoint_url,
                verify_tls=request.verify_tls,
                active=request.active,
                max_history_size=request.max_history_size,
            )
        except InvalidWorkerError as error:
            return invalid(error.field, error.rule)
        objection = await self._addresses.objection_async(details.endpoint_url)
        if objection is not None:
            return invalid("endpoint_url", objection)
        worker_id = str(uuid5(NAMESPACE_URL, f"labkeeper:worker:{current_request().command_id}"))
        worker = CmlWorker.register(worker_id, details, self._clock.now())
        refusal = await self._names.objection_async(worker)
        if refusal is not None:
            return refusal
        await self._credentials.put_async(worker_id, request.credentials)
        await self._workers.add_async(worker)
        if details.active:
            await self._refreshes.start_async(worker, trigger="registration")
        return self.created(worker_view_of(worker))
