"""Where somebody works: the labs context, told by the access context, asked by every route that shows scoped things."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from domain.kernel.errors import NotThereError


@dataclass(frozen=True, slots=True)
class LabsContext:
    """Opportunity, program and organisation that somebody works in; all None when there is nothing to choose."""

    opportunity_id: int | None = None
    program_id: int | None = None
    organization_id: int | None = None


@dataclass(frozen=True, slots=True)
class AskedContext:
    """What a URL or a body names. ``organization`` is an id, or a slug."""

    opportunity_id: int | None = None
    program_id: int | None = None
    organization: int | str | None = None

    @classmethod
    def of(
        cls, opportunity_id: int | None = None, program_id: int | None = None, organization: str | None = None
    ) -> "AskedContext":
        """Return what query parameters say: an organisation in digits is an id, anything else a slug."""
        if organization is not None and organization.isascii() and organization.isdigit():
            return cls(opportunity_id, program_id, int(organization))
        return cls(opportunity_id, program_id, organization)


NOTHING_ASKED = AskedContext()


class ContextNotFoundError(NotThereError):
    """There is no such opportunity, program or organisation among those that the caller belongs to. Answered with 404.

    Attributes:
        kind: ``opportunity``, ``program`` or ``organization``.
        named: what was asked for.
    """

    def __init__(self, kind: str, named: int | str) -> None:
        super().__init__(f"there is no {kind} {named}")
        self.kind = kind
        self.named = named


class LabsContexts(ABC):
    """Finds out where whoever asks works."""

    @abstractmethod
    async def current_async(self, asked: AskedContext = NOTHING_ASKED) -> LabsContext:
        """Return the context of the current request.

        What the URL names counts alone; else what the session holds, unless they do not belong there any more; else
        the only opportunity, else the only program of somebody without opportunities, else the only organisation.

        Raises:
            ContextNotFoundError: the URL names something that they do not belong to.
            UnavailableError: nobody can tell what they belong to.
        """
