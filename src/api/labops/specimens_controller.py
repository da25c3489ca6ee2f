"""Specimens over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from classy_fastapi import get, post
from fastapi import Path, Query, Request, Response
from neuroglia.core import OperationResult
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.conditional import expected_version, not_modified, version_tag
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends, understands
from api.kernel.paging import DEFAULT_LIMIT, CursorParameter, Limit
from api.kernel.problems import RefusedError
from api.kernel.read_your_writes import ReadYourWrites
from api.kernel.slashed_route import SlashedRoute
from api.labops.metrics_controller import LAG, LOG, MODEL
from api.labops.metrics_parameters import asked_moment
from api.labops.specimens_schemas import (
    CompleteSpecimenBody,
    FailSpecimenBody,
    ReceiveSpecimenBody,
    SpecimenAnswer,
    SpecimenFactAnswer,
    SpecimenHistoryAnswer,
    SpecimensPage,
    StartSpecimenBody,
    TakenSpecimensAnswer,
    TakeSpecimensBody,
)
from application.kernel.event_feed import RecordedFact
from application.kernel.refusals import Refusal
from application.labops.imports.import_ids import imported_row
from application.labops.specimen_table import SpecimenTable
from application.labops.specimens.complete_specimen import CompleteSpecimenCommand
from application.labops.specimens.fail_specimen import FailSpecimenCommand
from application.labops.specimens.get_specimen import GetSpecimenQuery
from application.labops.specimens.get_specimen_history import GetSpecimenHistoryQuery
from application.labops.specimens.list_specimens import ListSpecimensQuery
from application.labops.specimens.receive_specimen import ReceiveSpecimenCommand
from application.labops.specimens.start_specimen import StartSpecimenCommand
from application.labops.specimens.take_specimens import TakeSpecimensCommand
from application.labops.specimens.views import SpecimenView
from domain.labops.errors import InvalidSpecimenError
from domain.labops.moments import moment_of
from domain.labops.specimen import SpecimenState
from domain.labops.values import (
    LONGEST_ASSAY,
    LONGEST_MACHINE_ID,
    LONGEST_SPECIMEN_ID,
    SpecimenReading,
    SpecimenStatus,
)
from settings import LabopsSettings

SpecimenId = Annotated[
    str, Path(max_length=200, description="The laboratory's own id of the specimen; `/` in it is written `%2F`.")
]
Moment = Annotated[str | None, Query(max_length=64, description="ISO 8601; without an offset it is the lab's time.")]

_START, _COMPLETE, _FAIL = StartSpecimenBody(), CompleteSpecimenBody(), FailSpecimenBody()
"""What a request without a body says."""


class SpecimensController(LabkeeperController):
    """Takes specimens in and moves them on, one by one or many at once."""

    route_prefix = "/specimens"
    route_class = SlashedRoute

    def __init__(
        self, mediator: Mediator, reading: ReadYourWrites, table: SpecimenTable, settings: LabopsSettings
    ) -> None:
        super().__init__(mediator)
        self._reading = reading
        self._table = table
        self._zone = ZoneInfo(settings.timezone)

    @requires(Role.MANAGER)
    @sends(201, "Location", "ETag", "X-Position")
    @post("", status_code=201, response_model=SpecimenAnswer)
    async def receive_specimen(self, body: ReceiveSpecimenBody) -> Response:
        """Receive a specimen."""
        command = ReceiveSpecimenCommand(
            specimen_id=body.specimen_id,
            assay=body.assay,
            machine_id=body.machine_id,
            operator_id=body.operator_id,
            received_at=self._optional_moment("received_at", body.received_at),
        )
        result = await self.mediator.execute_async(command)
        if not result.is_success:
            return self.process(result)
        return self._specimen(result, {"Location": f"/api/v1/specimens/{quote(data_of(result).specimen_id, safe='')}"})

    @requires(Role.MANAGER)
    @sends(200, "X-Position")
    @post("/bulk", response_model=TakenSpecimensAnswer)
    async def take_specimens(self, body: TakeSpecimensBody) -> Response:
        """Take up to 1,000 readings. Each is applied or changes nothing; a bad one refuses the request and is named."""
        readings: list[SpecimenReading] = []
        for index, item in enumerate(body.items):
            try:
                readings.append(item.reading(self._moment))
            except InvalidSpecimenError as error:
                fault = {"index": index, "field": error.field, "rule": error.rule}
                detail = f"item {index}: {error}"
                raise RefusedError(Refusal(422, "invalid-value", "Invalid value", detail, errors=[fault])) from None
        result = await self.mediator.execute_async(TakeSpecimensCommand(readings=readings))
        if not result.is_success:
            return self.process(result)
        outcomes = data_of(result)
        applied = sum(one.outcome == "applied" for one in outcomes)
        return self.answer(200, {"applied": applied, "unchanged": len(outcomes) - applied, "items": outcomes})

    @requires(Role.USER)
    @understands("X-Position")
    @sends(200, LAG)
    @get("", response_model=SpecimensPage)
    async def list_specimens(
        self,
        request: Request,
        specimen_id_prefix: Annotated[
            str | None,
            Query(
                min_length=1, max_length=LONGEST_SPECIMEN_ID, description="Only ids that begin so, letter by letter."
            ),
        ] = None,
        status: Annotated[SpecimenStatus | None, Query(description="Only those that stand there.")] = None,
        assay: Annotated[
            str | None, Query(min_length=1, max_length=LONGEST_ASSAY, description="Only this assay.")
        ] = None,
        machine_id: Annotated[
            str | None, Query(min_length=1, max_length=LONGEST_MACHINE_ID, description="Only this machine.")
        ] = None,
        from_: Annotated[Moment, Query(alias="from", description="Received at this time or later.")] = None,
        to: Annotated[Moment, Query(description="Received before this time.")] = None,
        past_limit: Annotated[
            bool, Query(description="Only those open past their limit now, or completed later than it.")
        ] = False,
        limit: Limit = DEFAULT_LIMIT,
        cursor: CursorParameter = None,
    ) -> Response:
        """List specimens, those received last first."""
        await self._reading.before_reading_async(request, LOG, MODEL)
        lag = str(self._table.status().lag)
        query = ListSpecimensQuery(
            specimen_id_prefix=specimen_id_prefix,
            status=status,
            assay=assay,
            machine_id=machine_id,
            from_=asked_moment("from", from_, self._zone),
            to=asked_moment("to", to, self._zone),
            past_limit=past_limit,
            limit=limit,
            cursor=cursor,
        )
        result = await self.mediator.execute_async(query)
        return self.process(result, {LAG: lag} if result.is_success else None)

    @requires(Role.USER)
    @understands("If-None-Match")
    @sends(200, "ETag")
    @get("/{specimen_id}", response_model=SpecimenAnswer)
    async def get_specimen(self, request: Request, specimen_id: SpecimenId) -> Response:
        """Get one specimen, from its own facts: never behind."""
        result = await self.mediator.execute_async(GetSpecimenQuery(specimen_id=specimen_id))
        if not result.is_success:
            return self.process(result)
        tag = version_tag(data_of(result).version)
        return not_modified(request, tag) or self._specimen(result)

    @requires(Role.USER)
    @get("/{specimen_id}/history", response_model=SpecimenHistoryAnswer)
    async def get_specimen_history(self, specimen_id: SpecimenId) -> Response:
        """Get all that happened to a specimen, oldest first."""
        result = await self.mediator.execute_async(GetSpecimenHistoryQuery(specimen_id=specimen_id))
        if not result.is_success:
            return self.process(result)
        return self.answer(200, SpecimenHistoryAnswer(items=_history(data_of(result))))

    @requires(Role.MANAGER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @post("/{specimen_id}/start", response_model=SpecimenAnswer)
    async def start_specimen(
        self, request: Request, specimen_id: SpecimenId, body: StartSpecimenBody = _START
    ) -> Response:
        """A machine begins to work on it."""
        command = StartSpecimenCommand(
            specimen_id=specimen_id,
            machine_id=body.machine_id,
            operator_id=body.operator_id,
            started_at=self._optional_moment("started_at", body.started_at),
            expected_version=expected_version(request),
        )
        return self._specimen(await self.mediator.execute_async(command))

    @requires(Role.MANAGER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @post("/{specimen_id}/complete", response_model=SpecimenAnswer)
    async def complete_specimen(
        self, request: Request, specimen_id: SpecimenId, body: CompleteSpecimenBody = _COMPLETE
    ) -> Response:
        """It has a result."""
        command = CompleteSpecimenCommand(
            specimen_id=specimen_id,
            processed_at=self._optional_moment("processed_at", body.processed_at),
            expected_version=expected_version(request),
        )
        return self._specimen(await self.mediator.execute_async(command))

    @requires(Role.MANAGER)
    @understands("If-Match")
    @sends(200, "ETag", "X-Position")
    @post("/{specimen_id}/fail", response_model=SpecimenAnswer)
    async def fail_specimen(
        self, request: Request, specimen_id: SpecimenId, body: FailSpecimenBody = _FAIL
    ) -> Response:
        """The machine gave an error."""
        command = FailSpecimenCommand(
            specimen_id=specimen_id,
            error_code=body.error_code,
            processed_at=self._optional_moment("processed_at", body.processed_at),
            expected_version=expected_version(request),
        )
        return self._specimen(await self.mediator.execute_async(command))

    def _specimen(self, result: OperationResult[SpecimenView], headers: dict[str, str] | None = None) -> Response:
        if not result.is_success:
            return self.process(result)
        return self.process(result, {**(headers or {}), "ETag": version_tag(data_of(result).version)})

    def _moment(self, field: str, text: str, not_before: datetime | None = None) -> datetime:
        return moment_of(field, text, self._zone, not_before)

    def _optional_moment(self, field: str, text: str | None) -> datetime | None:
        return None if text is None else self._moment(field, text)


def _history(facts: Sequence[RecordedFact]) -> list[SpecimenFactAnswer]:
    state = SpecimenState()
    answers = []
    for fact in facts:
        state.on(fact.event)
        row = imported_row(fact.command_id)
        answers.append(
            SpecimenFactAnswer(
                event_id=fact.event.event_id,
                event_type=fact.event.event_type,
                version=fact.event.aggregate_version,
                position=fact.position,
                at=fact.event.created_at,
                actor=fact.actor,
                import_id=row and row[0],
                import_line=row and row[1],
                status=state.status,
                machine_id=state.machine_id,
                operator_id=state.operator_id,
                error_code=state.error_code,
                started_at=state.started_at,
                processed_at=state.processed_at,
            )
        )
    return answers
