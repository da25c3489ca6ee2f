"""The outermost layer of every request: who, in what connection, how large, how long, and what came of it."""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Mapping
from secrets import token_hex

from opentelemetry import context as telemetry
from opentelemetry import metrics, trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.kernel.body_limits import BodyLimit
from api.kernel.http_protocol import LONGEST_TARGET_BYTES, TARGET_CUT
from api.kernel.problems import RefusedError, printable, problem_response, requested_path, standard_problem
from application.kernel.behaviours import Surprises
from application.kernel.refusals import Refusal
from application.kernel.request_context import RequestContext, acting_as

log = logging.getLogger("labkeeper.http")
access_log = logging.getLogger("labkeeper.access")
_CORRELATION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("labkeeper")
_duration = metrics.get_meter("labkeeper").create_histogram(
    "http.server.request.duration", "s", "time that HTTP requests took, by route and status"
)


class RequestContextMiddleware:
    """Pure ASGI, so that it costs little and streams pass through.

    Args:
        max_body_bytes: a larger body, announced or chunked, is refused with 413.
        body_timeout_seconds: a body that has not arrived by then is refused with 408.
        uploads: other limits, by path.
    """

    def __init__(
        self,
        app: ASGIApp,
        max_body_bytes: int = 1 << 20,
        body_timeout_seconds: float = 30.0,
        uploads: Mapping[str, BodyLimit] | None = None,
    ) -> None:
        self._app = app
        self._limit = BodyLimit(max_body_bytes, body_timeout_seconds)
        self._uploads = {} if uploads is None else uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        ids = token_hex(32)  # both at once: asking the system for randomness costs more than its bytes
        request = RequestContext(actor="anonymous", correlation_id=ids[:32], command_id=ids[32:], is_waited_for=True)
        wished = headers.get(b"x-correlation-id", b"").decode("latin-1")
        if _CORRELATION_ID.fullmatch(wished):
            request.correlation_id = wished
        exchange = _Exchange(send, request.correlation_id)
        parent = None
        if b"traceparent" in headers:
            carrier = {
                name: headers.get(name.encode(), b"").decode("latin-1") for name in ("traceparent", "tracestate")
            }
            parent = _propagator.extract(carrier)
        requested_path.set(scope["path"])  # the server gives every request a context of its own
        started = time.perf_counter()
        span = _tracer.start_span(method, parent, SpanKind.SERVER)
        token = telemetry.attach(trace.set_span_in_context(span, parent))
        try:
            with acting_as(request):
                await self._answer_async(scope, headers, receive, exchange)
        finally:
            telemetry.detach(token)
            self._record(scope, method, exchange.status, request, span, time.perf_counter() - started)

    async def _answer_async(
        self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, exchange: "_Exchange"
    ) -> None:
        try:
            _refuse_cut_target(scope)
            if scope["method"] not in _BODILESS or b"content-length" in headers or b"transfer-encoding" in headers:
                limit = self._uploads.get(scope["path"], self._limit)
                receive = await self._limited_async(headers, receive, limit)
            await self._app(scope, receive, exchange.send)
        except RefusedError as error:
            await problem_response(error.refusal, error.headers)(scope, receive, exchange.send)
        except Exception as error:  # noqa: BLE001  the process edge of HTTP: logged here, and not told to the caller
            Surprises.log_once(log, f"{scope['method']} {printable(scope['path'])} failed", error)
            if not exchange.status:
                refusal = standard_problem(500, "something went wrong on our side; it has been recorded")
                await problem_response(refusal)(scope, receive, exchange.send)

    async def _limited_async(self, headers: dict[bytes, bytes], receive: Receive, limit: BodyLimit) -> Receive:
        announced = headers.get(b"content-length", b"0")
        if not announced.isdigit() or int(announced[:20]) > limit.max_bytes:
            await self._discard_async(receive)
            raise _too_large(limit)
        received = 0
        complete = False
        deadline: float | None = None

        async def limited() -> Message:
            nonlocal received, complete, deadline
            if complete:
                return await receive()
            if deadline is None:
                deadline = asyncio.get_running_loop().time() + limit.timeout_seconds
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                complete = True
                refusal = Refusal(408, "request-timeout", "Request timeout", "the body did not arrive in time")
                raise RefusedError(refusal, {"Connection": "close"}) from None
            received += len(message.get("body", b""))
            complete = not message.get("more_body", False)
            if received > limit.max_bytes:
                if not complete:
                    await self._discard_async(receive)
                complete = True
                raise _too_large(limit)
            return message

        return limited

    async def _discard_async(self, receive: Receive) -> None:
        """Read on for a while: a client that is cut off in the middle of sending never sees the answer."""
        discarded = 0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(2):
                while discarded < 8 * self._limit.max_bytes:
                    message = await receive()
                    discarded += len(message.get("body", b""))
                    if not message.get("more_body", False):
                        return

    @staticmethod
    def _record(
        scope: Scope, method: str, status: int, request: RequestContext, span: trace.Span, seconds: float
    ) -> None:
        route = getattr(scope.get("route"), "path", "")
        _duration.record(
            seconds, {"http.request.method": method, "http.route": route, "http.response.status_code": status}
        )
        if span.is_recording():
            span.update_name(f"{method} {route}" if route else method)
            span.set_attributes(
                {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            )
            if status >= 500 or not status:
                span.set_status(Status(StatusCode.ERROR))
        span.end()
        if access_log.isEnabledFor(logging.INFO):
            # The query string stays out: it may hold what is nobody else's business.
            access_log.info(
                "%s %s %d in %.1f ms",
                method,
                printable(scope["path"]),
                status,
                seconds * 1000,
                extra={"actor": printable(request.actor), "correlation_id": request.correlation_id, "route": route},
            )


def _too_large(limit: BodyLimit) -> RefusedError:
    rule = f"a body may have at most {limit.max_bytes} bytes"
    refusal = Refusal(413, "body-too-large", "Body too large", rule, max_body_bytes=limit.max_bytes)
    return RefusedError(refusal, {"Connection": "close"})


def _refuse_cut_target(scope: Scope) -> None:
    if TARGET_CUT in scope.get("extensions", ()):
        rule = f"path and query may have at most {LONGEST_TARGET_BYTES} bytes together"
        raise RefusedError(Refusal(414, "target-too-long", "Target too long", rule), {"Connection": "close"})


class _Exchange:
    """What has been sent so far; adds the correlation id to the answer."""

    def __init__(self, send: Send, correlation_id: str) -> None:
        self.status = 0
        self._send = send
        self._correlation_id = correlation_id.encode()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers: list[tuple[bytes, bytes]] = list(message.get("headers", ()))
            headers.append((b"x-correlation-id", self._correlation_id))
            headers.append((b"x-content-type-options", b"nosniff"))
            message["headers"] = headers
        await self._send(message)
