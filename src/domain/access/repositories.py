"""Where users and organisations are kept.

Every method raises ``UnavailableError`` when the store does not answer; None means "never there".
"""

from abc import ABC, abstractmethod

from neuroglia.data.infrastructure.abstractions import Repository

from domain.access.organization import Organization
from domain.access.user import User


class UserRepository(Repository[User, str], ABC):
    """Keeps users by their names, removed ones too."""


class OrganizationRepository(Repository[Organization, str], ABC):
    """Keeps organisations by their slugs, removed ones too."""


class AccessIds(ABC):
    """Gives integer ids, each once."""

    @abstractmethod
    async def next_async(self, kind: str) -> int:
        """Return the next id for an ``organization``, ``program`` or ``opportunity``, from 1."""
