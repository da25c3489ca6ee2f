"""The base of every controller: routes from its decorated methods, answers from results."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, ClassVar, TypeVar

import orjson
from classy_fastapi.route_args import EndpointDefinition
from fastapi import APIRouter, Response
from neuroglia.core import OperationResult
from neuroglia.mediation.mediator import Mediator
from neuroglia.mvc import ControllerBase
from pydantic import BaseModel
from pydantic_core import to_json, to_jsonable_python

from api.kernel.guarded_route import GuardedRoute
from api.kernel.problems import problem_response
from application.kernel.request_context import current_request

T = TypeVar("T")
_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def data_of(result: OperationResult[T]) -> T:
    """Return the data of a result that succeeded.

    Raises:
        ValueError: it carries none.
    """
    if result.data is None:
        raise ValueError(f"a result of status {result.status} carries no data")
    return result.data


class LabkeeperController(ControllerBase):
    """A controller that the container builds with whatever its constructor asks for.

    Attributes:
        route_prefix: path under which its routes lie, e.g. ``/labs``; empty for none.
        versioned: whether that lies under ``/api/v1``.
        tag: heading in the API's documentation; the class name without "Controller" when None.
        route_class: of its routes.
    """

    route_prefix: ClassVar[str] = ""
    versioned: ClassVar[bool] = True
    tag: ClassVar[str | None] = None
    route_class: ClassVar[type[GuardedRoute]] = GuardedRoute

    def __init__(self, mediator: Mediator) -> None:
        # neuroglia's constructor is left out: it asks for its mapper and serializer, which lose data, derives the path
        # from the class name, and makes routes for a router that nobody serves.
        self.mediator = mediator
        self.name = self.tag or type(self).__name__.removesuffix("Controller")

    def add_routes_to(self, router: APIRouter, prefix: str) -> None:
        """Add this controller's endpoints, those of its bases included, as bound methods."""
        for definition in self._definitions():
            arguments: dict[str, Any] = {
                field.name: getattr(definition.args, field.name)
                for field in fields(definition.args)
                if field.name != "path" and getattr(definition.args, field.name) is not None
            }
            endpoint = getattr(self, definition.endpoint.__name__)
            arguments.setdefault("tags", [self.name])
            arguments.setdefault("operation_id", f"{self.name.lower()}_{definition.endpoint.__name__}")
            arguments["description"] = inspect.cleandoc(str(arguments.get("description", ""))).strip()
            arguments["route_class_override"] = self.route_class
            router.add_api_route(prefix + self.route_prefix + definition.args.path, endpoint, **arguments)

    def _definitions(self) -> Iterator[EndpointDefinition]:
        seen: set[str] = set()
        for cls in type(self).__mro__:
            for definition in vars(cls).get("_endpoints", ()):
                if definition.endpoint.__name__ not in seen:
                    seen.add(definition.endpoint.__name__)
                    yield definition

    def process(self, result: OperationResult[Any], headers: Mapping[str, str] | None = None) -> Response:
        """Return the answer for a result: its data as JSON, nothing for 204, a problem document for a refusal.

        Data that is ``bytes`` is sent as it is: it is JSON already. ``X-Position`` says up to where this request wrote.
        """
        all_headers = dict(headers or {})
        positions = current_request().positions
        if positions:
            all_headers["X-Position"] = ", ".join(f"{log}:{position}" for log, position in sorted(positions.items()))
        if not 200 <= result.status < 300:
            return problem_response(result, headers=all_headers)
        if result.status == 204:
            return Response(status_code=204, headers=all_headers)
        return Response(to_json_bytes(getattr(result, "data", None)), result.status, all_headers, "application/json")

    def answer(self, status: int, data: Any, headers: Mapping[str, str] | None = None) -> Response:
        """Return an answer with data in another shape than the use case gave it."""
        result: OperationResult[Any] = OperationResult("", status)
        result.data = data
        return self.process(result, headers)


def to_json_bytes(data: Any) -> bytes:
    """Return data as JSON: pydantic models by alias, times in UTC with Z, anything else as pydantic would."""
    if isinstance(data, bytes):
        return data
    if isinstance(data, BaseModel):
        return to_json(data, by_alias=True)
    return orjson.dumps(data, _plain, _OPTIONS)


def _plain(value: Any) -> Any:
    return to_jsonable_python(value, by_alias=True)
