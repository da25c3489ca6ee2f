"""Where specimens are kept.

Every method raises ``UnavailableError`` when the store does not answer; None and empty answers mean "not there".
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from neuroglia.data.exceptions import OptimisticConcurrencyException
from neuroglia.data.infrastructure.abstractions import Repository

from domain.labops.specimen import Specimen


class SpecimenRepository(Repository[Specimen, str], ABC):
    """Keeps specimens."""

    @abstractmethod
    async def get_many_async(self, ids: Sequence[str]) -> dict[str, Specimen]:
        """Return the specimens that exist among the given ids, by id."""

    @abstractmethod
    async def save_many_async(self, aggregates: Sequence[Specimen]) -> dict[str, OptimisticConcurrencyException]:
        """Append the pending events of many specimens through the group commit, one commit each.

        Returns:
            The refusal per id for those that another writer changed meanwhile; those keep their pending events. Empty
            when all are stored.
        """
