"""Reading the system of record, which can be asked for a scope, but not for an id alone."""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from itertools import islice
from operator import attrgetter

from application.contracts.memberships import MembershipDirectory, Memberships
from domain.records.conditions import EVERYTHING, Condition, RecordFilter
from domain.records.errors import ScopeNotFoundError
from domain.records.values import MAX_ID, NO_SCOPE, LabsRecord, RecordScope
from integration.connect.connect_api import ConnectApi, exact_json
from integration.connect.errors import ConnectNotFoundError, UnusableAnswerError
from integration.records.remote_filters import parameters_for
from integration.records.remote_record_json import records_from

PATH = "/export/labs_record/"
ONE_BY_ONE = 8
"""So many records of a scope are read one by one; for more of them the whole scope is listed."""
AT_ONCE = 8
_MOST_REMEMBERED = 50_000
_MOST_OF_A_LISTING = 5_000


class RemoteReads:
    """Lists scopes and finds records by id, and remembers for a while where somebody found which."""

    def __init__(self, api: ConnectApi, memberships: MembershipDirectory) -> None:
        self._api = api
        self._memberships = memberships
        self._whereabouts: OrderedDict[tuple[str, int], RecordScope] = OrderedDict()

    async def list_async(
        self, username: str, scope: RecordScope, wanted: RecordFilter = EVERYTHING
    ) -> list[LabsRecord]:
        """Return the wanted records of a scope in the order of their ids.

        Raises:
            ScopeNotFoundError: it is not theirs, or not there.
            UnavailableError: no usable answer.
        """
        try:
            response = await self._api.get_async(username, PATH, parameters_for(scope, wanted))
        except ConnectNotFoundError as error:
            if scope.deciding is None:
                raise UnusableAnswerError(str(self._api.url), "there is no list of records") from error
            kind, number = scope.deciding
            await self._memberships.denied_async(username, kind.value, number)
            raise ScopeNotFoundError(kind.value, number) from error
        try:
            told = records_from(exact_json(response))
        except ValueError as error:
            raise UnusableAnswerError(response.url, str(error)) from error
        records = _of_scope(told, scope)
        if wanted.conditions:
            records = wanted.among(records)
        self.remember(username, records[:_MOST_OF_A_LISTING], scope)
        return records

    async def find_by_ids_async(
        self, username: str, ids: Iterable[int], hints: Mapping[int, RecordScope] | None = None
    ) -> dict[int, LabsRecord]:
        """Return those of some records that somebody may see.

        Looked for where they are expected, then among what is public, then in every scope of that person.

        Args:
            hints: scopes in which records are expected.
        """
        missing = {one for one in ids if type(one) is int and 1 <= one <= MAX_ID}
        found: dict[int, LabsRecord] = {}
        by_scope: dict[RecordScope, set[int]] = {}
        for one in missing:
            scope = (hints or {}).get(one, NO_SCOPE)
            if scope == NO_SCOPE:
                scope = self._whereabouts.get((username, one), NO_SCOPE)
            by_scope.setdefault(scope, set()).add(one)
        for scope, expected in by_scope.items():
            found |= await self._in_scope_async(username, scope, expected)
        missing -= found.keys()
        if missing and set(by_scope) != {NO_SCOPE}:
            found |= await self._in_scope_async(username, NO_SCOPE, missing)
            missing -= found.keys()
        if missing:
            theirs = _scopes_of(await self._memberships.of_async(username))
            scopes = (scope for scope in theirs if scope not in by_scope or by_scope[scope] != missing)
            while missing and (several := list(islice(scopes, AT_ONCE))):
                looked = (self._in_scope_async(username, scope, missing) for scope in several)
                for part in await asyncio.gather(*looked):
                    found |= part
                missing -= found.keys()
        return found

    async def get_async(self, username: str, scope: RecordScope, record_id: int) -> LabsRecord | None:
        """Return a record of a scope; None when it is not there, or the scope is not theirs."""
        return (await self._in_scope_async(username, scope, [record_id])).get(record_id)

    async def is_readable_async(self, username: str, scope: RecordScope) -> bool:
        """Tell whether the system of record lets somebody read a scope, whatever is remembered of them."""
        try:
            await self.list_async(username, scope, RecordFilter((Condition("id", MAX_ID),)))
        except ScopeNotFoundError:
            return False
        return True

    def remember(self, username: str, records: Iterable[LabsRecord], scope: RecordScope | None = None) -> None:
        """Remember where somebody found records: in a scope, or in that of the record itself."""
        for record in records:
            key = (username, record.id)
            self._whereabouts[key] = scope or record.scope
            self._whereabouts.move_to_end(key)
        while len(self._whereabouts) > _MOST_REMEMBERED:
            self._whereabouts.popitem(last=False)

    def forget(self, username: str, ids: Iterable[int]) -> None:
        """Forget where records were."""
        for one in ids:
            self._whereabouts.pop((username, one), None)

    def has_seen(self, username: str, record_id: int) -> bool:
        """Tell whether somebody found a record lately."""
        return (username, record_id) in self._whereabouts

    async def _in_scope_async(self, username: str, scope: RecordScope, ids: Collection[int]) -> dict[int, LabsRecord]:
        filters = [RecordFilter((Condition("id", one),)) for one in ids] if len(ids) <= ONE_BY_ONE else [EVERYTHING]
        try:
            listed = await asyncio.gather(*(self.list_async(username, scope, one) for one in filters))
        except ScopeNotFoundError:
            return {}
        return {record.id: record for records in listed for record in records if record.id in ids}


def _of_scope(records: list[LabsRecord], scope: RecordScope) -> list[LabsRecord]:
    """Return what really is of a scope. In bulk: of thousands of records each answers the same question."""
    if scope == NO_SCOPE:
        return [record for record in records if record.public]
    for kind, number in scope.parts:
        value_of = attrgetter(f"{kind.value}_id")
        records = [record for record in records if value_of(record) == number]
    return records


def _scopes_of(memberships: Memberships) -> Iterable[RecordScope]:
    for organization in memberships.organizations:
        yield RecordScope(organization_id=organization.id)
    for program in memberships.programs:
        yield RecordScope(program_id=program.id)
    for opportunity in memberships.opportunities:
        yield RecordScope(opportunity_id=opportunity.id)
