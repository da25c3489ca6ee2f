"""``/events/stream``: facts as they happen, as server-sent events."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal

from classy_fastapi import get
from fastapi import Header, Query, Request, Response
from neuroglia.mediation import Mediator

from api.kernel.authorization import Role, requires
from api.kernel.controller import LabkeeperController
from api.kernel.guarded_route import principal_of
from api.kernel.problems import RefusedError
from api.kernel.server_sent_events import EventStreamResponse, ServerSentEvent
from api.kernel.shutdown import Shutdown
from application.kernel.event_stream import EventStream, StreamPlace
from application.kernel.refusals import Refusal, invalid
from domain.kernel.clock import Clock

_PLACE = re.compile(r"[a-z]{1,32}:[0-9]{1,15}\.[0-9]{1,6}(,[a-z]{1,32}:[0-9]{1,15}\.[0-9]{1,6}){0,15}")
Patterns = Annotated[
    list[str] | None,
    Query(
        max_length=20,
        description="Only these types: `*`, a prefix such as `labs.*`, or a name such as `labs.lab-state-changed` with "
        "or without `.v1`; each must fit some event that there can be. May be repeated.",
    ),
]
Workers = Annotated[
    list[Annotated[str, Query(pattern=r"^[0-9a-f-]{36}$")]] | None,
    Query(max_length=50, description="Only facts about these workers and their labs. May be repeated."),
]


class EventsController(LabkeeperController):
    """Streams facts. Each carries an id by which a client goes on after a break, also after a restart of ours."""

    route_prefix = "/events"

    def __init__(self, mediator: Mediator, stream: EventStream, shutdown: Shutdown, clock: Clock) -> None:
        super().__init__(mediator)
        self._stream = stream
        self._shutdown = shutdown
        self._clock = clock

    @requires(Role.USER)
    @get("/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
    async def stream(
        self,
        request: Request,
        type: Patterns = None,  # noqa: A002  # the parameter's public name
        worker: Workers = None,
        from_: Annotated[
            Literal["now", "start"], Query(alias="from", description="Where to begin without an id.")
        ] = "now",
        until: Annotated[
            Literal["now"] | None, Query(description="`now` ends the stream once all that has happened was told.")
        ] = None,
        last_event_id: Annotated[str | None, Header(max_length=500)] = None,
    ) -> Response:
        """Facts of workers, labs and one's own records as they happen; resume with `Last-Event-ID`."""
        objection = self._stream.types.objection(type or ())
        if objection is not None:
            raise RefusedError(invalid("type", objection))
        place: StreamPlace = {}
        if last_event_id:
            place = _place(last_event_id)
            if not await self._stream.has_reached_async(place):
                detail = "no event of this stream has had this id; start again without Last-Event-ID"
                raise RefusedError(Refusal(400, "unknown-event-id", "Unknown event id", detail))
        elif from_ == "now":
            place = await self._stream.here_async()
        principal = principal_of(request)
        listener = principal.subject if principal is not None else ""
        left = principal.expires_at - self._clock.now().timestamp() if principal else None
        end = await self._stream.here_async() if until else None
        source = self._events(place, tuple(type or ()), frozenset(worker or ()), listener, end)
        return EventStreamResponse(source, self._shutdown, ends_after_seconds=left)

    async def _events(
        self,
        place: StreamPlace,
        types: Sequence[str],
        workers: frozenset[str],
        listener: str,
        until: StreamPlace | None,
    ) -> AsyncIterator[ServerSentEvent]:
        followed = self._stream.follow_async(place, types, workers, listener=listener, until=until)
        async for reached, fact, body in followed:
            position = ",".join(f"{log}:{at}.{index}" for log, (at, index) in sorted(reached.items()))
            yield ServerSentEvent(body.decode(), position, fact.event.event_type)


def _place(text: str) -> StreamPlace:
    if not _PLACE.fullmatch(text):
        detail = "Last-Event-ID must be the id of an event of this stream"
        raise RefusedError(Refusal(400, "malformed-header", "Malformed header", detail))
    place: StreamPlace = {}
    for part in text.split(","):
        log, _, at = part.partition(":")
        position, _, index = at.partition(".")
        place[log] = (int(position), int(index))
    return place
