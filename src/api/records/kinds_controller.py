"""``/records/kinds``: what kinds there are, and records as one of them."""

import inspect
from typing import Annotated, Any

from classy_fastapi import get, patch, post
from fastapi import Query, Request, Response
from neuroglia.mediation.mediator import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import body_tag, expected_version, not_modified
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends, understands
from api.kernel.problems import RefusedError
from api.kernel.query_strings import takes_other_parameters
from api.records.answers import encoded, page_of, record_answer, tag_of
from api.records.freshness import AGE_HEADERS, age_headers, one_headers
from api.records.outbox_answers import QUEUED, Prefer, accepted, can_wait
from api.records.parameters import KindFilters, KindName, RecordId, filters_of
from api.records.repeated import list_answer
from api.records.schemas import (
    ChangeKindRecordBody,
    CreateKindRecordBody,
    CreateKindRecordsBody,
    KindsAnswer,
    RecordAnswer,
    RecordsAnswer,
    RecordsPageAnswer,
)
from application.kernel.refusals import conflicting, missing
from application.records.change_kind_record import ChangeKindRecordCommand
from application.records.create_kind_records import CreateKindRecordsCommand
from application.records.get_record import GetRecordQuery
from application.records.list_records import ListRecordsQuery
from application.records.record_filters import read_filters
from application.records.records_outbox import QueuedWrite
from domain.kernel.clock import Clock
from domain.records.conditions import RecordFilter
from domain.records.kinds.kind import Kind
from domain.records.kinds.registry import KINDS, kind_named


class KindsController(LabkeeperController):
    """Typed records: their data follow the rules of their kind when they are written here."""

    route_prefix = "/records/kinds"
    tag = "Record kinds"

    def __init__(self, mediator: Mediator, clock: Clock) -> None:
        super().__init__(mediator)
        self._clock = clock

    @requires(Role.USER)
    @get("", response_model=KindsAnswer)
    async def list_kinds(self) -> Response:
        """List the kinds and what may be written into their data."""
        return self.answer(200, {"items": [_described(kind) for kind in KINDS]})

    @requires(Role.USER)
    @takes_other_parameters
    @understands("If-None-Match")
    @sends(200, "ETag", *AGE_HEADERS)
    @get("/{kind}", response_model=RecordsPageAnswer)
    async def list_kind_records(
        self, request: Request, kind: KindName, asked: Annotated[KindFilters, Query()]
    ) -> Response:
        """List records of a kind, whatever spelling of their experiment is stored. Filters are those of `/records`."""
        filters = read_filters(filters_of(request))
        wanted = RecordFilter((*_known(kind).conditions, *filters.conditions))
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
    @post("/{kind}", status_code=201, response_model=RecordAnswer, responses={202: QUEUED})
    async def create_kind_record(self, kind: KindName, body: CreateKindRecordBody, prefer: Prefer = None) -> Response:
        """Create a record of a kind."""
        command = CreateKindRecordsCommand(kind=_writable(kind), items=(body.given(),), can_wait=can_wait(prefer))
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        written = data_of(result)
        if isinstance(written, QueuedWrite):
            return accepted(written)
        [record] = written
        headers = {"Location": f"/api/v1/records/kinds/{kind}/{record.id}", "ETag": tag_of(record)}
        return self.answer(201, encoded(record_answer(record)), headers)

    @requires(Role.USER)
    @sends(201, "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @post("/{kind}/batch", status_code=201, response_model=RecordsAnswer, responses={202: QUEUED})
    async def create_kind_records(self, kind: KindName, body: CreateKindRecordsBody, prefer: Prefer = None) -> Response:
        """Create many records of a kind, all of them or none."""
        items = tuple(item.given() for item in body.items)
        command = CreateKindRecordsCommand(kind=_writable(kind), items=items, can_wait=can_wait(prefer), in_batch=True)
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        written = data_of(result)
        if isinstance(written, QueuedWrite):
            return accepted(written)
        return self.answer(201, encoded({"items": [record_answer(record) for record in written]}))

    @requires(Role.USER)
    @understands("If-None-Match")
    @sends(200, "ETag", *AGE_HEADERS)
    @get("/{kind}/{record_id}", response_model=RecordAnswer)
    async def get_kind_record(self, request: Request, kind: KindName, record_id: RecordId) -> Response:
        """Get one record of a kind; 404 when it is of another."""
        result = await self.mediator.execute_async(GetRecordQuery(record_id=record_id, kind=_known(kind)))
        if not result.is_success:
            return self.process(result)
        found = data_of(result)
        tag, headers = one_headers(self._clock, found)
        return not_modified(request, tag, headers) or self.answer(200, encoded(record_answer(found.record)), headers)

    @requires(Role.USER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @sends(202, "Location", "Preference-Applied")
    @patch("/{kind}/{record_id}", response_model=RecordAnswer, responses={202: QUEUED})
    async def change_kind_record(
        self, request: Request, kind: KindName, record_id: RecordId, body: ChangeKindRecordBody, prefer: Prefer = None
    ) -> Response:
        """Give keys of the data new values. Without `If-Match` it is decided again when somebody else was faster."""
        command = ChangeKindRecordCommand(
            kind=_writable(kind),
            record_id=record_id,
            data=body.data,
            public=body.public,
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


def _known(name: str) -> Kind:
    kind = kind_named(name)
    if kind is None:
        raise RefusedError(missing("kind", name))
    return kind


def _writable(name: str) -> Kind:
    kind = _known(name)
    if kind.written_at is not None:
        raise RefusedError(conflicting(f"records of kind {name} are written at {kind.written_at}"))
    return kind


def _described(kind: Kind) -> dict[str, Any]:
    fields = [{"name": field.name, "rule": field.rule, "required": field.required} for field in kind.view.fields()]
    return {
        "name": kind.name,
        "experiment": kind.experiment,
        "type": kind.type,
        "description": inspect.getdoc(kind.view) or "",
        "fields": fields,
        "written_at": kind.written_at or f"/api/v1/records/kinds/{kind.name}",
    }
