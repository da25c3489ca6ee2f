"""Who is signed in other than by a token of ours, and who is let in no more whatever they come with."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody whom another system vouches for, or whose browser has a session.

    Attributes:
        username: what they are called there.
        expires_at: until when this counts, seconds since the epoch.
        may_use_data: whether they were allowed to reach data at all; else they are known, and refused.
        session_key: names their session in our store; None without one. Not the secret that the browser holds.
        context: opportunity, program and organisation that they work in; None where none is chosen.
        upstream_token: the token that came with this very request; None without one. Kept only for work that waits.
        role: what the token of ours by which their session was opened lets them do; None for whoever another system
            vouches for.
    """

    username: str
    expires_at: float
    may_use_data: bool = True
    session_key: str | None = None
    context: tuple[int | None, int | None, int | None] = (None, None, None)
    upstream_token: str | None = field(default=None, repr=False)
    role: str | None = None


class ForeignTokens(ABC):
    """Bearer tokens that another system gave."""

    @abstractmethod
    async def holder_async(self, token: str, *, reading: bool) -> SignedIn | None:
        """Return who holds a token; None when that system does not know it, or nobody holds it.

        Args:
            reading: the request changes nothing; while the other system is dead that may go on for a while.

        Raises:
            UnavailableError: the other system does not answer, and what it said before does not count any more.
        """


class BrowserSessions(ABC):
    """Sessions of browsers, each known by a secret that only its cookie holds."""

    @abstractmethod
    async def holder_async(self, secret: str) -> SignedIn | None:
        """Return whose session it is; None when there is none, or it has ended.

        Raises:
            UnavailableError: the store does not answer.
        """

    @abstractmethod
    async def wait_until_ended_async(self, session_key: str) -> None:
        """Return once a session is over: at once when it is ended here, within seconds when it is elsewhere.

        While the store does not answer nobody can tell, and it waits on.
        """


class Admission(ABC):
    """Knows who is let in no more, whatever they present."""

    @abstractmethod
    async def objection_async(self, username: str) -> str | None:
        """Return why somebody is not let in, as what their token does: ``belongs to ...``; None if they are.

        Asked for every request, so it must cost next to nothing. Names that nobody here has are let in.

        Raises:
            UnavailableError: something has changed, and what cannot be read.
        """

    @abstractmethod
    async def wait_for_objection_async(self, username: str) -> None:
        """Return once there is an objection; wait for ever while there is none.

        Raises:
            UnavailableError: something has changed, and what cannot be read.
        """
