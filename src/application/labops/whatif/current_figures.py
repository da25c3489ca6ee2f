"""Where the laboratory stands now, for the linear formula."""

from abc import ABC, abstractmethod

from domain.labops.whatif.linear import CurrentFigures


class CurrentFiguresReader(ABC):
    """Raises ``UnavailableError`` when nothing can be read right now."""

    @abstractmethod
    async def read_async(self) -> CurrentFigures:
        """Return the figures; zeros where there is no data."""
