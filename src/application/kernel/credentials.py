"""Secrets of other systems, kept apart from everything else."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from domain.kernel.errors import LabkeeperError


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and a password. The password is left out of its text form."""

    username: str
    password: str = field(repr=False)


class CredentialsUnreadableError(LabkeeperError):
    """What is stored cannot be decrypted with the keys at hand, or belongs to somebody else."""


class CredentialStore(ABC):
    """Keeps credentials encrypted, under the id of whoever they belong to.

    Raises ``UnavailableError`` when the store does not answer and ``CredentialsUnreadableError`` when a stored entry
    cannot be decrypted with the keys at hand.
    """

    @abstractmethod
    async def put_async(self, owner_id: str, credentials: Credentials) -> None:
        """Keep credentials, in place of earlier ones."""

    @abstractmethod
    async def get_async(self, owner_id: str) -> Credentials | None:
        """Return the credentials; None when there are none."""

    @abstractmethod
    async def remove_async(self, owner_id: str) -> None:
        """Forget the credentials."""
