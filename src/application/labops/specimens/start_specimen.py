"""A machine begins to work on a specimen."""

from dataclasses import dataclass
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.labops.specimens.moving import move_async
from application.labops.specimens.views import SpecimenView
from domain.kernel.clock import Clock
from domain.labops.repositories import SpecimenRepository


@dataclass(frozen=True, kw_only=True)
class StartSpecimenCommand(Command[OperationResult[SpecimenView]]):
    """None leaves machine and operator as they are; ``started_at`` is now when it is None."""

    specimen_id: str
    machine_id: str | None = None
    operator_id: str | None = None
    started_at: datetime | None = None
    expected_version: int | None = None


class StartSpecimenCommandHandler(CommandHandler[StartSpecimenCommand, OperationResult[SpecimenView]]):
    def __init__(self, specimens: SpecimenRepository, clock: Clock) -> None:
        self._specimens = specimens
        self._clock = clock

    async def handle_async(self, request: StartSpecimenCommand) -> OperationResult[SpecimenView]:
        now = self._clock.now()
        return await move_async(
            self._specimens,
            request.specimen_id,
            request.expected_version,
            lambda specimen: specimen.start(
                machine_id=request.machine_id,
                operator_id=request.operator_id,
                started_at=request.started_at or now,
                at=now,
            ),
        )
