"""Take many readings at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Command, CommandHandler

from application.kernel.refusals import Refusal
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from domain.labops.errors import ContradictoryReadingError
from domain.labops.repositories import SpecimenRepository
from domain.labops.specimen import Specimen
from domain.labops.values import SpecimenReading

MOST_READINGS = 1_000
_TRIES = 5

Outcome = Literal["applied", "unchanged"]


@dataclass(frozen=True, slots=True)
class ReadingOutcome:
    """What became of one reading; ``version`` is the specimen's after all readings of the request."""

    specimen_id: str
    outcome: Outcome
    version: int


@dataclass(frozen=True, kw_only=True)
class TakeSpecimensCommand(Command[OperationResult[list[ReadingOutcome]]]):
    """Readings in order, at most ``MOST_READINGS``; of one that cannot be taken the whole request is refused."""

    readings: Sequence[SpecimenReading]


class TakeSpecimensCommandHandler(CommandHandler[TakeSpecimensCommand, OperationResult[list[ReadingOutcome]]]):
    """All readings are judged before anything is stored, so a refused request has stored nothing.

    A specimen that another writer changes in between is judged again; what of it is then contradicted is refused
    while others of the request are stored, as the answer says.
    """

    def __init__(self, specimens: SpecimenRepository, clock: Clock) -> None:
        self._specimens = specimens
        self._clock = clock

    async def handle_async(self, request: TakeSpecimensCommand) -> OperationResult[list[ReadingOutcome]]:
        outcomes: dict[int, Outcome] = {}
        versions: dict[str, int] = {}
        todo = list(enumerate(request.readings))
        for _ in range(_TRIES):
            judged = await self._judge_async(todo, outcomes)
            if isinstance(judged, Refusal):
                judged.members["stored"] = len(versions)
                return judged
            refused = await self._specimens.save_many_async(list(judged.values()))
            versions |= {
                one.state.id: one.state.state_version for one in judged.values() if one.state.id not in refused
            }
            todo = [(index, reading) for index, reading in todo if reading.specimen_id in refused]
            if not todo:
                ids = [reading.specimen_id for reading in request.readings]
                return self.ok([ReadingOutcome(one, outcomes[n], versions[one]) for n, one in enumerate(ids)])
        raise UnavailableError("others keep changing the same specimens")

    async def _judge_async(
        self, readings: Sequence[tuple[int, SpecimenReading]], outcomes: dict[int, Outcome]
    ) -> dict[str, Specimen] | Refusal:
        now = self._clock.now()
        known = await self._specimens.get_many_async(list({one.specimen_id for _, one in readings}))
        for index, reading in readings:
            specimen = known.get(reading.specimen_id)
            try:
                if specimen is None:
                    specimen = Specimen.receive(reading, now)
                    known[specimen.state.id] = specimen
                    outcomes[index] = "applied"
                else:
                    outcomes[index] = "applied" if specimen.take(reading, now) else "unchanged"
            except ContradictoryReadingError as error:
                return _refused(409, "contradiction", "Contradiction", index, error.contradicted, str(error))
        return known


def _refused(status: int, name: str, title: str, index: int, field: str, rule: str) -> Refusal:
    fault = {"index": index, "field": field, "rule": rule}
    return Refusal(status, name, title, f"item {index}: {field} {rule}", errors=[fault])
