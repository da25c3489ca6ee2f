"""``/records``: records of any kind, as they are stored."""

from typing import Annotated

from classy_fastapi import delete, get, patch, post
from fastapi import Query, Request, Response
from neuroglia.mediation.mediator import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import body_tag, expected_version, not_modified
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.query_strings import takes_other_parameters
from api.records.answers import encoded, page_of, record_answer, tag_of
from api.records.freshness import AGE_HEADERS, age_headers, one_headers
from api.records.outbox_answers import QUEUED, Prefer, accepted, can_wait
from api.records.parameters import FromVersion, RecordFilters, RecordId, ToVersion, filters_of
from api.records.repeated import list_answer
from api.records.schemas import (
    ChangeRecordBody,
    CreateRecordBody,
    CreateRecordsBody,
    RecordAnswer,
    RecordHistoryPage,
    RecordsAnswer,
    RecordsPageAnswer,
    VersionComparisonAnswer,
)
from application.records.change_record import ChangeRecordCommand
from application.records.compare_record_versions import CompareRecordVersionsQuery
from application.records.create_records import CreateRecordsCommand
from application.records.get_record import GetRecordQuery
from application.records.get_record_history import GetRecordHistoryQuery
from application.records.list_records import ListRecordsQuery
from application.records.record_filters import read_filters
from application.records.records_outbox import QueuedWrite
from application.records.remove_record import RemoveRecordCommand
from domain.kernel.clock import Clock


class RecordsController(LabkeeperController):
    """Field-program records: one shape, many kinds."""

    route_prefix = "/records"

    def __init__(self, mediator: Mediator, clock: Clock) -> None:
        super().__init__(mediator)
        self._clock = clock

    @requires(Role.USER)
    @takes_other_parameters
    @understands("If-None-Match")
    @sends(200, "ETag", *AGE_HEADERS)
    @get("", response_model=RecordsPageAnswer)
    async def list_records(self, request: Request, asked: Annotated[RecordFilters, Query()]) -> Response:
        """List records of a scope: the one that is named, else the one that you work in, else the public ones.

        `public=true` without a scope lists the public records of everybody.

        `data.<path>=<value>` compares inside the data, e.g. `data.status=open` or `data.state.week=7`. The value is
        read as JSON where it is JSON (`5` the number, `"5"` the text, `null`), else as text. A key that holds a dot
        itself is written in double quotes: `data."a.b".c`.
        """
        wanted = read_filters(filters_of(request))
        query = ListRecordsQuery(asked=asked.asked, wanted=wanted, limit=asked.limit, cursor=asked.cursor)
        result = await self.mediator.execute_async(query)
        if not result.is_success:
            return self.process(result)
        page = data_of(result)
        body = page_of(map(record_answer, page.records), page.next_cursor)
        tag = {"ETag": body_tag(body)}
        age = age_headers(self._clock, page.as_of, page.stale_since)
        unchanged = not_modified(request, tag["ETag"], {**tag, **age})
        return unchanged or list_answer(body, tag, age, page.again, self._clock)

    @requires(Role.USER)
    @sends(201, "Location", "ETag", "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post("", status_code=201, response_model=RecordAnswer, responses={202: QUEUED})
    async def create_record(self, body: CreateRecordBody, prefer: Prefer = None) -> Response:
        """Create a record."""
        command = CreateRecordsCommand(items=(body.given(),), can_wait=can_wait(prefer))
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        written = data_of(result)
        if isinstance(written, QueuedWrite):
            return accepted(written)
        [record] = written
        headers = {"Location": f"/api/v1/records/{record.id}", "ETag": tag_of(record)}
        return self.answer(201, encoded(record_answer(record)), headers)

    @requires(Role.USER)
    @sends(201, "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post("/batch", status_code=201, response_model=RecordsAnswer, responses={202: QUEUED})
    async def create_records(self, body: CreateRecordsBody, prefer: Prefer = None) -> Response:
        """Create many records, all of them or none; a refusal names the item that is to blame."""
        result = await self.mediator.execute_async(
            CreateRecordsCommand(
                items=tuple(item.given() for item in body.items), can_wait=can_wait(prefer), in_batch=True
            )
        )
        if not result.is_success:
            return self.process(result)
        written = data_of(result)
        if isinstance(written, QueuedWrite):
            return accepted(written)
        return self.answer(201, encoded({"items": [record_answer(record) for record in written]}))

    @requires(Role.USER)
    @understands("If-None-Match")
    @sends(200, "ETag", *AGE_HEADERS)
    @get("/{record_id}", response_model=RecordAnswer)
    async def get_record(self, request: Request, record_id: RecordId) -> Response:
        """Get one record. Its `ETag` is what a change may name in `If-Match`."""
        result = await self.mediator.execute_async(GetRecordQuery(record_id=record_id))
        if not result.is_success:
            return self.process(result)
        found = data_of(result)
        tag, headers = one_headers(self._clock, found)
        return not_modified(request, tag, headers) or self.answer(200, encoded(record_answer(found.record)), headers)

    @requires(Role.USER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @patch("/{record_id}", response_model=RecordAnswer, responses={202: QUEUED})
    async def change_record(
        self, request: Request, record_id: RecordId, body: ChangeRecordBody, prefer: Prefer = None
    ) -> Response:
        """Change a record. `If-Match` refuses the change when somebody else was faster."""
        command = ChangeRecordCommand(
            record_id=record_id,
            fields=body.given(),
            expected_version=expected_version(request),
            can_wait=can_wait(prefer),
        )
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        record = data_of(result)
        if isinstance(record, QueuedWrite):
            return accepted(record)
        return self.answer(200, encoded(record_answer(record)), {"ETag": tag_of(record)})

    @requires(Role.USER)
    @understands("If-Match")
    @sends(204, "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @delete("/{record_id}", status_code=204, responses={202: QUEUED})
    async def remove_record(self, request: Request, record_id: RecordId, prefer: Prefer = None) -> Response:
        """Remove a record and, after it, its children, whoever they belong to."""
        command = RemoveRecordCommand(
            record_id=record_id, expected_version=expected_version(request), can_wait=can_wait(prefer)
        )
        result = await self.mediator.execute_async(command)
        if result.is_success and isinstance(result.data, QueuedWrite):
            return accepted(result.data)
        return self.process(result)

    @requires(Role.USER)
    @sends(200, *AGE_HEADERS)
    @get("/{record_id}/history", response_model=RecordHistoryPage)
    async def get_record_history(
        self, record_id: RecordId, limit: Limit = DEFAULT_LIMIT, cursor: CursorParameter = None
    ) -> Response:
        """What happened to a record, newest first; to a removed one too, if you could see it then.

        409 where the store keeps no earlier versions (remote).
        """
        query = GetRecordHistoryQuery(record_id=record_id, limit=limit, cursor=cursor)
        result = await self.mediator.execute_async(query)
        if not result.is_success:
            return self.process(result)
        found = data_of(result)
        return self.answer(200, found.page, age_headers(self._clock, found.age.as_of, found.age.stale_since))

    @requires(Role.USER)
    @sends(200, *AGE_HEADERS)
    @get("/{record_id}/diff", response_model=VersionComparisonAnswer)
    async def compare_record_versions(
        self, record_id: RecordId, earlier: FromVersion, later: ToVersion = None
    ) -> Response:
        """What differs between two versions of a record; without `to` between one and how it is now."""
        query = CompareRecordVersionsQuery(record_id=record_id, earlier=earlier, later=later)
        result = await self.mediator.execute_async(query)
        if not result.is_success:
            return self.process(result)
        found = data_of(result)
        different = [
            {"path": list(one.path), "old": one.old, "new": one.new, "kind": one.kind} for one in found.differences
        ]
        body = encoded({"from": found.earlier, "to": found.later, "differences": different})
        return self.answer(200, body, age_headers(self._clock, found.age.as_of, found.age.stale_since))
