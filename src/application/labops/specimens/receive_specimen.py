"""Take a specimen in."""

from dataclasses import dataclass
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import taken
from application.labops.specimens.views import SpecimenView, specimen_view
from domain.kernel.clock import Clock
from domain.labops.repositories import SpecimenRepository
from domain.labops.specimen import Specimen
from domain.labops.values import SpecimenReading, SpecimenStatus


@dataclass(frozen=True, kw_only=True)
class ReceiveSpecimenCommand(Command[OperationResult[SpecimenView]]):
    """A specimen arrived; ``received_at`` is now when it is None."""

    specimen_id: str
    assay: str
    machine_id: str
    operator_id: str
    received_at: datetime | None = None


class ReceiveSpecimenCommandHandler(CommandHandler[ReceiveSpecimenCommand, OperationResult[SpecimenView]]):
    def __init__(self, specimens: SpecimenRepository, clock: Clock) -> None:
        self._specimens = specimens
        self._clock = clock

    async def handle_async(self, request: ReceiveSpecimenCommand) -> OperationResult[SpecimenView]:
        now = self._clock.now()
        reading = SpecimenReading(
            specimen_id=request.specimen_id,
            assay=request.assay,
            machine_id=request.machine_id,
            operator_id=request.operator_id,
            status=SpecimenStatus.RECEIVED,
            received_at=request.received_at or now,
        )
        specimen = Specimen.receive(reading, now)
        try:
            await self._specimens.add_async(specimen)
        except OptimisticConcurrencyException:
            return taken("specimen_id", f"{specimen.state.id} has been received already")
        return self.created(specimen_view(specimen))
