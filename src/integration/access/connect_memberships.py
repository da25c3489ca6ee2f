"""Who belongs where, told by Connect."""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from application.contracts.memberships import (
    MembershipDirectory,
    Memberships,
    OpportunityView,
    OrganizationView,
    ProgramView,
)
from domain.kernel.clock import Clock, SystemClock
from domain.kernel.errors import NoUpstreamTokenError, UnavailableError
from integration.access.mongo_membership_archive import MongoMembershipArchive
from integration.connect.connect_api import ConnectApi, exact_json
from integration.connect.errors import ConnectRefusedError, UnusableAnswerError

PATH = "/export/opp_org_program_list/"
FRESH_SECONDS = 60.0
BELIEVED_SECONDS = 3_600.0
"""So long an answer is believed while Connect cannot be asked."""
ASK_AGAIN_SECONDS = 5.0
MOST_PEOPLE = 10_000

_View = TypeVar("_View", OrganizationView, ProgramView, OpportunityView)


@dataclass(slots=True)
class _Remembered:
    memberships: Memberships
    asked_at: float
    ask_again_at: float


class ConnectMemberships(MembershipDirectory):
    """Asks Connect on each person's own behalf: once a minute at most, and once for all who wait.

    Where it does not let somebody into a scope that it named, what it said is asked for again at once, and that scope
    is not believed in meanwhile.

    While Connect cannot be asked, what it said last goes on for an hour, also after a restart. Somebody whose login is
    not accepted any more, or has lost the scope that this needs, has no memberships to tell of, whatever was said
    before: ``NoUpstreamTokenError`` rises.

    Args:
        archive: where the last answers outlive the process; None to do without.
        fresh_seconds: how long an answer is taken without asking.
        believed_seconds: how long it is taken while there is no other.
    """

    def __init__(
        self,
        api: ConnectApi,
        archive: MongoMembershipArchive | None = None,
        clock: Clock | None = None,
        *,
        fresh_seconds: float = FRESH_SECONDS,
        believed_seconds: float = BELIEVED_SECONDS,
        ask_again_seconds: float = ASK_AGAIN_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._archive = archive
        self._clock = clock or SystemClock()
        self._fresh_seconds = fresh_seconds
        self._believed_seconds = believed_seconds
        self._ask_again_seconds = ask_again_seconds
        self._monotonic = monotonic
        self._remembered: OrderedDict[str, _Remembered] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Memberships]] = {}

    async def of_async(self, username: str) -> Memberships:
        known = self._remembered.get(username)
        if known is not None and self._monotonic() < known.ask_again_at:
            return known.memberships
        task = self._asking.get(username)
        if task is None:
            # A task of its own: whoever came first may leave, the others still wait.
            task = asyncio.create_task(self._asked_async(username), name="memberships")
            self._asking[username] = task
            task.add_done_callback(lambda done: self._asked(username, done))
        return await asyncio.shield(task)

    async def known_async(self, username: str) -> Memberships | None:
        known = self._remembered.get(username) or await self._recalled_async(username)
        if known is None or self._monotonic() - known.asked_at > self._believed_seconds:
            return None
        return known.memberships

    async def knows_async(self, username: str) -> bool:
        """Connect keeps no list of people that could be asked: everybody may be known there."""
        del username
        return True

    def forget(self, username: str) -> None:
        """Ask again the next time, e.g. after a login."""
        self._remembered.pop(username, None)

    async def denied_async(self, username: str, kind: str, number: int) -> None:
        known = self._remembered.get(username)
        if known is not None and not known.memberships.include(kind, number):
            return
        # An answer that is on its way may be older than the denial.
        self._asking.pop(username, None)
        if known is not None:
            self._remember(username, _Remembered(known.memberships.without(kind, number), known.asked_at, -math.inf))
        if self._archive is not None:
            with suppress(UnavailableError):
                await self._archive.forget_async(username)

    def _asked(self, username: str, done: asyncio.Task[Memberships]) -> None:
        if self._asking.get(username) is done:
            del self._asking[username]
        if not done.cancelled():
            done.exception()  # somebody may have raised it; that nobody waits any more is no surprise to be logged

    async def _asked_async(self, username: str) -> Memberships:
        at = self._clock.now()
        try:
            response = await self._api.get_async(username, PATH)
            told = exact_json(response)
            memberships = replace(_memberships(told, response.url), as_of=at)
        except ConnectRefusedError as error:
            if error.status == 403:
                await self._forgotten_async(username)
                raise NoUpstreamTokenError(f"{error}: the login does not allow it any more") from error
            raise UnavailableError(str(error), self._ask_again_seconds) from error
        except UnavailableError:
            known = self._remembered.get(username) or await self._recalled_async(username)
            now = self._monotonic()
            if known is None or now - known.asked_at > self._believed_seconds:
                raise
            known.ask_again_at = now + self._ask_again_seconds
            known.memberships = replace(known.memberships, stale_since=known.memberships.stale_since or at)
            self._remember(username, known)
            return known.memberships
        if self._asking.get(username) is not asyncio.current_task():
            return memberships  # denied meanwhile
        now = self._monotonic()
        self._remember(username, _Remembered(memberships, now, now + self._fresh_seconds))
        if self._archive is not None:
            with suppress(UnavailableError):  # it is known here; what is kept there is for worse days
                await self._archive.keep_async(username, told, self._clock.now())
        return memberships

    async def _forgotten_async(self, username: str) -> None:
        """Believe nothing that was said of somebody before, in an outage neither."""
        self.forget(username)
        if self._archive is not None:
            with suppress(UnavailableError):
                await self._archive.forget_async(username)

    async def _recalled_async(self, username: str) -> _Remembered | None:
        """Return what another run of this program, or another process, was told last."""
        found = None if self._archive is None else await self._archive.recall_async(username)
        if found is None:
            return None
        told, at = found
        asked_at = self._monotonic() - (self._clock.now() - at).total_seconds()
        return _Remembered(replace(_memberships(told, PATH), as_of=at), asked_at, asked_at)

    def _remember(self, username: str, known: _Remembered) -> None:
        self._remembered[username] = known
        self._remembered.move_to_end(username)
        while len(self._remembered) > MOST_PEOPLE:
            self._remembered.popitem(last=False)


def _memberships(told: Any, url: str) -> Memberships:
    """Read an answer. Fields that came later than the rest are optional; what is incomplete makes no memberships."""
    try:
        return Memberships(
            _sorted([_organization(one) for one in told["organizations"]]),
            _sorted([_program(one) for one in told["programs"]]),
            _sorted([_opportunity(one) for one in told["opportunities"]]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnusableAnswerError(url, f"the memberships cannot be read: {error!r}") from error


def _organization(told: Any) -> OrganizationView:
    return OrganizationView(
        id=int(told["id"]), slug=str(told["slug"]), name=str(told["name"]), funder=bool(told.get("funder"))
    )


def _program(told: Any) -> ProgramView:
    return ProgramView(
        id=int(told["id"]),
        name=str(told["name"]),
        organization=str(told["organization"]),
        delivery_type=told.get("delivery_type"),
        currency=told.get("currency"),
        funder=told.get("funder"),
        watchers=tuple(str(one) for one in told.get("watchers") or ()),
    )


def _opportunity(told: Any) -> OpportunityView:
    program = told.get("program")
    return OpportunityView(
        id=int(told["id"]),
        name=str(told["name"]),
        organization=str(told["organization"]),
        program=None if program is None else int(program),
        date_created=told.get("date_created"),
        end_date=told.get("end_date"),
        is_active=bool(told.get("is_active", True)),
        visit_count=int(told.get("visit_count") or 0),
        supervising_organization=told.get("supervising_organization"),
    )


def _sorted(views: list[_View]) -> tuple[_View, ...]:
    return tuple(sorted(views, key=lambda view: view.id))
