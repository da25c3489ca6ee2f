"""On whose behalf a scope is fetched when nobody is waiting for it."""

from collections.abc import AsyncIterator, Sequence

from application.contracts.memberships import MembershipDirectory, Memberships, UpstreamTokens
from domain.kernel.errors import NoUpstreamTokenError
from integration.records.scope_keys import scope_of
from integration.records.scope_ledger import ScopeEntry


class WhoseLogin:
    """The usable logins of one run of the refresh job.

    Those that can be refreshed come first, and within them whoever read the scope last. Membership is asked for only of
    whom it is tried: the order goes by what is remembered, and people of whom nothing is remembered come last.
    """

    def __init__(self, memberships: MembershipDirectory, lasting: Sequence[str], others: Sequence[str]) -> None:
        self._memberships = memberships
        self._lasting = lasting
        self._others = others
        self._known: dict[str, Memberships | None] = {}

    @classmethod
    async def of_async(cls, tokens: UpstreamTokens, memberships: MembershipDirectory) -> "WhoseLogin":
        """Return the logins that are usable now."""
        lasting = await tokens.refreshable_usernames_async()
        some = frozenset(lasting)
        return cls(memberships, lasting, [one for one in await tokens.usernames_async() if one not in some])

    async def who_may_see_async(self, entry: ScopeEntry) -> AsyncIterator[str]:
        """Yield people who may see a scope, in the order in which to try.

        Raises:
            UnavailableError: nobody can tell whether the next one may.
        """
        deciding = scope_of(entry.key).deciding
        if deciding is None:
            for username in (*_first(entry.reader, self._lasting), *_first(entry.reader, self._others)):
                yield username
            return
        kind, number = deciding[0].value, deciding[1]
        async for username in self._in_order_async(entry, kind, number):
            try:
                memberships = await self._memberships.of_async(username)
            except NoUpstreamTokenError:
                continue
            if memberships.include(kind, number):
                yield username

    async def _in_order_async(self, entry: ScopeEntry, kind: str, number: int) -> AsyncIterator[str]:
        tried: set[str] = set()
        for several in (self._lasting, self._others):
            for username in _first(entry.reader, several):
                known = await self._known_async(username)
                if username == entry.reader or (known is not None and known.include(kind, number)):
                    tried.add(username)
                    yield username
        for username in (*self._lasting, *self._others):
            if username not in tried and await self._known_async(username) is None:
                yield username

    async def _known_async(self, username: str) -> Memberships | None:
        if username not in self._known:
            self._known[username] = await self._memberships.known_async(username)
        return self._known[username]


def _first(reader: str | None, usernames: Sequence[str]) -> list[str]:
    return sorted(usernames, key=lambda one: one != reader)
