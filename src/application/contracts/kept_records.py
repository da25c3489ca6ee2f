"""How many records are in a place: told by the records context to whoever would take the place away."""

from abc import ABC, abstractmethod
from collections.abc import Collection


class KeptRecords(ABC):
    """Counts the records of our own store, whoever may see them."""

    @abstractmethod
    async def count_async(
        self,
        *,
        opportunities: Collection[int] = (),
        programs: Collection[int] = (),
        organizations: Collection[int] = (),
    ) -> int:
        """Return how many records name any of these, of all that was written before the question.

        Raises:
            UnavailableError: the store does not answer.
        """
