"""Files as they were sent, kept until a while after their import."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass

from domain.kernel.errors import LabkeeperError


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file that is kept whole.

    Attributes:
        import_id: whose it is.
        size: bytes, as sent (a gzip file is kept packed).
        sha256: of these bytes, in hex.
    """

    import_id: str
    size: int
    sha256: str


class FileTooLargeError(LabkeeperError):
    """A file has more bytes than may be kept; nothing of it was kept."""


class ImportedFiles(ABC):
    """Raises ``UnavailableError`` when the store does not answer.

    Attributes:
        largest: bytes that a file to be imported may have.
    """

    largest: int

    @abstractmethod
    async def keep_async(self, import_id: str, content: AsyncIterator[bytes], largest: int) -> ImportedFile:
        """Keep a file, piece by piece; when this returns, it survives a failure of any one machine.

        Raises:
            FileTooLargeError: it has more than ``largest`` bytes.
        """

    @abstractmethod
    def read_async(self, import_id: str) -> AsyncIterator[bytes]:
        """Return the pieces of a file in order, each at most 1 MiB; none when it is not kept (any more)."""

    @abstractmethod
    async def forget_later_async(self, import_id: str) -> None:
        """Keep a file for seven more days only."""
