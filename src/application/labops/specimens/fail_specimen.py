"""The machine gave an error instead of a result."""

from dataclasses import dataclass
from datetime import datetime

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.labops.specimens.moving import move_async
from application.labops.specimens.views import SpecimenView
from domain.kernel.clock import Clock
from domain.labops.repositories import SpecimenRepository


@dataclass(frozen=True, kw_only=True)
class FailSpecimenCommand(Command[OperationResult[SpecimenView]]):
    """``error_code`` and ``processed_at`` are None when they are not known."""

    specimen_id: str
    error_code: str | None = None
    processed_at: datetime | None = None
    expected_version: int | None = None


class FailSpecimenCommandHandler(CommandHandler[FailSpecimenCommand, OperationResult[SpecimenView]]):
    def __init__(self, specimens: SpecimenRepository, clock: Clock) -> None:
        self._specimens = specimens
        self._clock = clock

    async def handle_async(self, request: FailSpecimenCommand) -> OperationResult[SpecimenView]:
        now = self._clock.now()
        return await move_async(
            self._specimens,
            request.specimen_id,
            request.expected_version,
            lambda specimen: specimen.fail(error_code=request.error_code, processed_at=request.processed_at, at=now),
        )
