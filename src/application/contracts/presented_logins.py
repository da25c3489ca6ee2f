"""Logins at the system of record that come with requests: told by the access context to work that waits for one."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable

from application.kernel.sign_in import SignedIn

Listener = Callable[[SignedIn], Awaitable[None]]


class PresentedLogins(ABC):
    """Who comes with a token of the system of record."""

    @abstractmethod
    def listen(self, listener: Listener) -> None:
        """Have a listener told of everybody whose token was just found good: about once a minute for each token."""

    @abstractmethod
    async def keep_async(self, login: SignedIn) -> None:
        """Keep a token until it expires, encrypted, for work on that person's behalf.

        Nothing is kept in place of a login that can be refreshed, and nothing of somebody who came without a token.

        Raises:
            UnavailableError: the store does not answer.
        """
