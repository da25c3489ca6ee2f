"""Connect's own bearer tokens, told apart by asking Connect."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from application.access.connect_logins import NEEDED_SCOPE, ConnectLogins, TokenFacts
from application.contracts.presented_logins import Listener
from application.kernel.sign_in import ForeignTokens, SignedIn
from domain.kernel.clock import Clock
from domain.kernel.errors import UnavailableError
from integration.access.secrets_at_rest import name_of

REMEMBERED = timedelta(seconds=60)
BELIEVED_WHILE_DEAD = timedelta(hours=1)
ASKED_AGAIN = timedelta(seconds=5)
"""How soon a Connect that gave no answer is asked again, for tokens that may go on without it."""
_MOST_REMEMBERED = 10_000
log = logging.getLogger("labkeeper.authentication")


@dataclass(frozen=True, slots=True)
class _Seen:
    facts: TokenFacts | None
    at: datetime


class ConnectBearerTokens(ForeignTokens):
    """An answer counts for a minute; a token is remembered as its hash only.

    While Connect is dead a token that was good goes on for requests that change nothing: until its known expiry, and
    no longer than an hour after Connect last said so.
    """

    def __init__(self, logins: ConnectLogins, clock: Clock) -> None:
        self._logins = logins
        self._clock = clock
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._asking: dict[str, asyncio.Task[_Seen]] = {}
        self._dead_until: datetime | None = None
        self._listeners: list[Listener] = []
        self._telling: set[asyncio.Task[None]] = set()

    def listen(self, listener: Listener) -> None:
        """Have a listener told of everybody whose token Connect has just called good."""
        self._listeners.append(listener)

    async def holder_async(self, token: str, *, reading: bool) -> SignedIn | None:
        key = name_of(token)
        seen = self._seen.get(key)
        now = self._clock.now()
        if seen is None or now - seen.at >= REMEMBERED:
            seen = await self._ask_async(key, token, seen if reading else None)
        facts = seen.facts
        if facts is None or facts.expires_at <= self._clock.now():
            return None
        return _signed_in(facts, token)

    async def _ask_async(self, key: str, token: str, before: _Seen | None) -> _Seen:
        """Ask Connect, once for all who wait; fall back on what it said before where that is allowed."""
        now = self._clock.now()
        usable = before is not None and before.facts is not None and now - before.at < BELIEVED_WHILE_DEAD
        if before is not None and usable and self._dead_until is not None and now < self._dead_until:
            return before
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._introspect_async(key, token), name="introspection")
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        try:
            return await asyncio.shield(task)
        except UnavailableError:
            if before is None or not usable:
                raise
            self._dead_until = self._clock.now() + ASKED_AGAIN
            log.warning("Connect does not say whether a token is good; it was good before, and goes on for reading")
            return before

    async def _introspect_async(self, key: str, token: str) -> _Seen:
        facts = await self._logins.introspect_async(token)
        seen = self._seen[key] = _Seen(facts, self._clock.now())
        self._seen.move_to_end(key)
        self._dead_until = None
        if len(self._seen) > _MOST_REMEMBERED:
            self._seen.popitem(last=False)
        if self._listeners and facts is not None and NEEDED_SCOPE in facts.scopes:
            # Not before the answer: whoever asks does not wait for what else comes of it.
            telling = asyncio.create_task(self._tell_async(_signed_in(facts, token)), name="bearer-arrived")
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)
        return seen

    async def _tell_async(self, holder: SignedIn) -> None:
        for listener in self._listeners:
            try:
                await listener(holder)
            except UnavailableError as error:
                log.warning("what waits for a login of %s was not told of one: %s", holder.username, error)


def _signed_in(facts: TokenFacts, token: str) -> SignedIn:
    may_use_data = NEEDED_SCOPE in facts.scopes
    return SignedIn(facts.username, facts.expires_at.timestamp(), may_use_data, upstream_token=token)
