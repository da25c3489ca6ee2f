"""Which addresses may be called when a user names them."""

from abc import ABC, abstractmethod


class OutboundAddresses(ABC):
    """The rule for URLs that a user hands in."""

    @abstractmethod
    async def objection_async(self, url: str) -> str | None:
        """Return why a URL must not be called, e.g. ``is a link-local address``; None when it may."""
