"""``/export``: what clients of the system of record ask it, answered here in its own shapes.

An existing client works by changing its base URL.
"""

from typing import Any, ClassVar

from classy_fastapi import delete, get, post
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController, data_of
from api.kernel.described_headers import sends
from api.kernel.guarded_route import GuardedRoute
from api.kernel.problems import problem_of
from api.kernel.query_strings import takes_last_of_repeated, takes_other_parameters
from api.records.answers import encoded, remote_shape
from api.records.export_bodies import in_order, items_async, merged, removal_of, upsert_of
from api.records.export_elsewhere import METHODS, elsewhere
from api.records.export_route import ExportRoute, bare
from api.records.export_shapes import (
    ITEMS_BODY,
    LISTED,
    MEMBERSHIPS,
    OPPORTUNITY,
    REMOVALS_BODY,
    REMOVED,
    memberships_answer,
)
from api.records.freshness import AGE_HEADERS, age_headers
from api.records.outbox_answers import QUEUED, Prefer, accepted, can_wait
from api.records.remote_lookups import lookups_of, names_no_scope_that_can_be
from api.records.repeated import list_answer
from application.kernel.refusals import Refusal, invalid, missing
from application.records.find_records import FindRecordsQuery
from application.records.get_memberships import GetMembershipsQuery
from application.records.get_opportunity import GetOpportunityQuery
from application.records.records_outbox import QueuedWrite
from application.records.remove_records import RemoveRecordsCommand
from application.records.upsert_records import UpsertRecordsCommand
from domain.kernel.clock import Clock
from domain.records.errors import InvalidFilterError, InvalidRecordError
from domain.records.values import SCOPE_FIELDS, RecordScope

_NOT_FOUND = missing("record", "")


class ExportController(LabkeeperController):
    """The export API of CommCare Connect for records, as its clients know it."""

    route_prefix = "/export"
    versioned = False
    tag = "Connect export (drop-in)"
    route_class: ClassVar[type[GuardedRoute]] = ExportRoute

    def __init__(self, mediator: Mediator, clock: Clock) -> None:
        super().__init__(mediator)
        self._clock = clock

    def add_routes_to(self, router: APIRouter, prefix: str) -> None:
        """Add the endpoints, those that are asked with GET for HEAD too, and after them what lies beside them."""
        before = len(router.routes)
        super().add_routes_to(router, prefix)
        rest: dict[str, Any] = {"include_in_schema": False, "route_class_override": self.route_class}
        for route in router.routes[before:]:
            if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
                router.add_api_route(route.path, route.endpoint, methods=["HEAD"], **rest)
        router.add_api_route(f"{prefix}{self.route_prefix}/{{rest:path}}", elsewhere, methods=METHODS, **rest)

    @requires(Role.USER)
    @takes_other_parameters
    @takes_last_of_repeated
    @sends(200, *AGE_HEADERS)
    @get("/labs_record/", responses=LISTED, operation_id="export_list_labs_records")
    async def list_labs_records(self, request: Request) -> Response:
        """A bare array. Every parameter is a lookup, as there: `experiment=`, `data__status=open`, `user__username=`.

        The first of `opportunity_id`, `program_id` and `organization_id` decides; with none only public records.
        """
        asked = dict(request.query_params)
        if names_no_scope_that_can_be(asked):
            return bare(_NOT_FOUND)
        try:
            lookups = lookups_of(asked)
        except InvalidFilterError as error:
            return bare(invalid(error.field, error.rule))
        given = {name: int(asked[name]) for name in SCOPE_FIELDS if name in asked}
        scope = RecordScope(**{name: number for name, number in given.items() if number > 0})
        result = await self.mediator.execute_async(FindRecordsQuery(scope=scope, wanted=lookups.narrowing))
        if not result.is_success:
            return _refused(result)
        found = data_of(result).found
        body = encoded([remote_shape(record) for record in lookups.among(found.records)])
        age = age_headers(self._clock, found.as_of, found.stale_since)
        return list_answer(body, {}, age, data_of(result).again, self._clock)

    @requires(Role.USER)
    @sends(202, "Location", "Preference-Applied")
    @post(
        "/labs_record/",
        responses={**LISTED, 202: QUEUED},
        openapi_extra=ITEMS_BODY,
        operation_id="export_upsert_labs_records",
    )
    async def upsert_labs_records(self, request: Request, prefer: Prefer = None) -> Response:
        """Insert items without an id, change those with one, all or none; 200 with a list in their order."""
        items = tuple(upsert_of(item) for item in await items_async(request))
        result = await self.mediator.execute_async(UpsertRecordsCommand(items=merged(items), can_wait=can_wait(prefer)))
        if not result.is_success:
            return _refused(result)
        written = data_of(result)
        if isinstance(written, QueuedWrite):
            return accepted(written)
        shown = [remote_shape(record) for record in in_order(items, written)]
        return Response(encoded(shown), 200, media_type="application/json")

    @requires(Role.USER)
    @sends(202, "Location", "Preference-Applied")
    @delete(
        "/labs_record/",
        responses={**REMOVED, 202: QUEUED},
        response_class=Response,
        openapi_extra=REMOVALS_BODY,
        operation_id="export_delete_labs_records",
    )
    async def delete_labs_records(self, request: Request, prefer: Prefer = None) -> Response:
        """Remove records by id, all or none; 200 with an empty body."""
        try:
            removals = tuple(removal_of(index, item) for index, item in enumerate(await items_async(request)))
        except InvalidRecordError as error:
            return bare(invalid(f"item {error.index}: {error.field}", error.rule))
        result = await self.mediator.execute_async(RemoveRecordsCommand(removals=removals, can_wait=can_wait(prefer)))
        if result.is_success and isinstance(result.data, QueuedWrite):
            return accepted(result.data)
        return Response(b"", 200) if result.is_success else _refused(result)

    @requires(Role.USER)
    @takes_other_parameters
    @takes_last_of_repeated
    @sends(200, *AGE_HEADERS)
    @get("/opp_org_program_list/", responses=MEMBERSHIPS, operation_id="export_opp_org_program_list")
    async def opp_org_program_list(self) -> Response:
        """Every organisation, opportunity and program that you may see."""
        result = await self.mediator.execute_async(GetMembershipsQuery())
        if not result.is_success:
            return _refused(result)
        theirs = data_of(result)
        age = age_headers(self._clock, theirs.as_of, theirs.stale_since)
        return Response(encoded(memberships_answer(theirs)), 200, age, "application/json")

    @requires(Role.USER)
    @takes_other_parameters
    @takes_last_of_repeated
    @sends(200, *AGE_HEADERS)
    @get("/opportunity/{opportunity_id}/", responses=OPPORTUNITY, operation_id="export_opportunity")
    async def opportunity(self, opportunity_id: str) -> Response:
        """One opportunity; 404 when it is not yours."""
        if not (opportunity_id.isascii() and opportunity_id.isdecimal() and len(opportunity_id) < 19):
            return bare(_NOT_FOUND)
        result = await self.mediator.execute_async(GetOpportunityQuery(opportunity_id=int(opportunity_id)))
        if not result.is_success:
            return _refused(result)
        found = data_of(result)
        age = age_headers(self._clock, found.as_of, found.stale_since)
        return Response(encoded(found.details), 200, age, "application/json")


def _refused(result: OperationResult[Any]) -> Response:
    """What would move a record from another scope here is not found: the system of record would move it."""
    refusal: Refusal = problem_of(result)
    return bare(_NOT_FOUND if (refusal.type or "").endswith("/wrong-scope") else refusal)
