"""A specimen has a result."""

from dataclasses import dataclass
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.labops.specimens.moving import move_async
from application.labops.specimens.views import SpecimenView
from domain.kernel.clock import Clock
from domain.labops.repositories import SpecimenRepository


@dataclass(frozen=True, kw_only=True)
class CompleteSpecimenCommand(Command[OperationResult[SpecimenView]]):
    """``processed_at`` is now when it is None."""

    specimen_id: str
    processed_at: datetime | None = None
    expected_version: int | None = None


class CompleteSpecimenCommandHandler(CommandHandler[CompleteSpecimenCommand, OperationResult[SpecimenView]]):
    def __init__(self, specimens: SpecimenRepository, clock: Clock) -> None:
        self._specimens = specimens
        self._clock = clock

    async def handle_async(self, request: CompleteSpecimenCommand) -> OperationResult[SpecimenView]:
        now = self._clock.now()
        return await move_async(
            self._specimens,
            request.specimen_id,
            request.expected_version,
            lambda specimen: specimen.complete(processed_at=request.processed_at or now, at=now),
        )
