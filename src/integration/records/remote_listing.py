"""A whole scope as the system of record lists it, compared as bytes before anything is read of it."""

import hashlib
from dataclasses import dataclass

from application.contracts.memberships import MembershipDirectory
from domain.records.conditions import EVERYTHING, is_in_scope
from domain.records.errors import RecordsRefusedError, ScopeNotFoundError
from domain.records.json_text import UnstorableDataError
from domain.records.reconciliation import Likeness, likeness_of
from domain.records.values import LabsRecord, RecordScope
from integration.connect.connect_api import ConnectApi, exact_json
from integration.connect.errors import ConnectNotFoundError, ConnectRefusedError, UnusableAnswerError
from integration.http.single_call import UpstreamResponse
from integration.records.remote_filters import parameters_for
from integration.records.remote_reads import PATH
from integration.records.remote_record_json import NotARecordError, record_from


@dataclass(frozen=True, slots=True)
class ReadListing:
    """What an answer shows.

    Attributes:
        records: each id once.
        unreadable: how many entries are no records that could be kept; then nothing is known about absence.
    """

    records: list[tuple[LabsRecord, Likeness]]
    unreadable: int


@dataclass(frozen=True, slots=True)
class RemoteListing:
    """An answer that is not read yet; ``digest`` is of its bytes."""

    scope: RecordScope
    response: UpstreamResponse
    digest: str

    def read(self) -> ReadListing:
        """Read it.

        Raises:
            UnusableAnswerError: it is no list.
        """
        told = exact_json(self.response)
        if not isinstance(told, list):
            raise UnusableAnswerError(self.response.url, "the answer is no list of records")
        records: dict[int, tuple[LabsRecord, Likeness]] = {}
        unreadable = 0
        for one in told:
            try:
                record = record_from(one)
                likeness = likeness_of(record)
            except (NotARecordError, UnstorableDataError):
                unreadable += 1
                continue
            if is_in_scope(record, self.scope):
                records[record.id] = (record, likeness)
            else:
                unreadable += 1
        if unreadable and not records:
            raise UnusableAnswerError(self.response.url, "nothing in the answer is a record of that scope")
        return ReadListing(list(records.values()), unreadable)


class RemoteListings:
    """Asks for whole scopes on somebody's behalf."""

    def __init__(self, api: ConnectApi, memberships: MembershipDirectory) -> None:
        self._api = api
        self._memberships = memberships

    async def fetch_async(self, username: str, scope: RecordScope) -> RemoteListing:
        """Return what the system of record lists.

        Raises:
            ScopeNotFoundError: the scope is not theirs, or not there.
            NoUpstreamTokenError, RecordsRefusedError: it does not let them.
            UnavailableError: no usable answer.
        """
        try:
            response = await self._api.get_async(username, PATH, parameters_for(scope, EVERYTHING))
        except ConnectNotFoundError as error:
            if scope.deciding is None:
                raise UnusableAnswerError(str(self._api.url), "there is no list of records") from error
            kind, number = scope.deciding
            await self._memberships.denied_async(username, kind.value, number)
            raise ScopeNotFoundError(kind.value, number) from error
        except ConnectRefusedError as error:
            raise RecordsRefusedError(str(error), error.status) from error
        return RemoteListing(scope, response, hashlib.sha256(response.body).hexdigest())
