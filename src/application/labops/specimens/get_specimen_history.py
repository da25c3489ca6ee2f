"""Look at all that happened to one specimen."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Query, QueryHandler

from application.kernel.event_feed import RecordedFact
from application.kernel.refusals import missing


class SpecimenFacts(ABC):
    """The recorded facts of single specimens."""

    @abstractmethod
    async def of_async(self, specimen_id: str) -> Sequence[RecordedFact]:
        """Return the facts about a specimen, oldest first; none when there is no such specimen.

        Raises:
            UnavailableError: the store does not answer.
        """


@dataclass(frozen=True, kw_only=True)
class GetSpecimenHistoryQuery(Query[OperationResult[Sequence[RecordedFact]]]):
    """All facts about one specimen, oldest first."""

    specimen_id: str


class GetSpecimenHistoryQueryHandler(QueryHandler[GetSpecimenHistoryQuery, OperationResult[Sequence[RecordedFact]]]):
    def __init__(self, facts: SpecimenFacts) -> None:
        self._facts = facts

    async def handle_async(self, request: GetSpecimenHistoryQuery) -> OperationResult[Sequence[RecordedFact]]:
        facts = await self._facts.of_async(request.specimen_id)
        return self.ok(facts) if facts else missing("specimen", request.specimen_id)
