"""The refusals of the records context, so that no use case has to word them again."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from neuroglia.mediation.pipeline_behavior import PipelineBehavior

from application.kernel.refusals import Refusal, invalid, missing, upstream_failed
from application.records.chatbots import (
    ChatbotRefusedError,
    ChatbotsFailedError,
    ChatbotsNotSetUpError,
    ConsentMissingError,
)
from domain.kernel.errors import LabkeeperError
from domain.records.errors import (
    HistoryNotKeptError,
    InvalidRecordError,
    NoUpstreamTokenError,
    RecordChangedError,
    RecordNotFoundError,
    RecordsRefusedError,
    ScopeNotFoundError,
    WrongScopeError,
)

log = logging.getLogger("labkeeper.requests")


class RecordsRefusingBehavior(PipelineBehavior[Any, Any]):
    """Turns the errors of the records context into refusals. What is not theirs is not there: 404, never 403."""

    async def handle_async(self, request: Any, next_handler: Callable[[], Awaitable[Any]]) -> Any:
        try:
            return await next_handler()
        except LabkeeperError as error:
            refusal = refusal_of(error, in_batch=getattr(request, "in_batch", False))
            if refusal is None:
                raise
            log.info("%s is refused: %s", type(request).__name__, error)
            return refusal


def refusal_of(error: LabkeeperError, *, in_batch: bool = False) -> Refusal | None:
    """Return the refusal that an error of this context stands for; None for any other error.

    Args:
        in_batch: whether several things are asked for at once, so that the one that is to blame must be named.
    """
    refusal: Refusal | None = None
    match error:
        case InvalidRecordError():
            refusal = _invalid_item(error) if in_batch else invalid(error.field, error.rule)
        case RecordNotFoundError():
            refusal = missing("record", str(error.record_id))
        case ScopeNotFoundError():
            refusal = missing(error.kind, str(error.number))
        case RecordChangedError():
            refusal = Refusal(409, "record-changed", "Record changed", str(error))
        case WrongScopeError():
            refusal = Refusal(409, "wrong-scope", "Wrong scope", str(error))
        case HistoryNotKeptError():
            detail = str(error) or "the store in use keeps no earlier versions"
            refusal = Refusal(409, "history-not-kept", "History not kept", detail)
        case NoUpstreamTokenError():
            detail = str(error) or "the system of record accepts no login of yours; log in again"
            refusal = Refusal(401, "login-needed", "Login needed", detail)
        case ConsentMissingError():
            refusal = Refusal(409, "no-consent", "No consent", str(error))
        case ChatbotRefusedError():
            refusal = Refusal(409, "chatbot-refused", "Chatbot refused", str(error))
        case ChatbotsNotSetUpError():
            refusal = Refusal(409, "chatbots-not-set-up", "Chatbots not set up", str(error))
        case ChatbotsFailedError():
            refusal = upstream_failed(str(error))
        case RecordsRefusedError():
            refusal = upstream_failed(str(error), upstream_status=error.status)
    index = getattr(error, "index", None)
    if refusal is not None and in_batch and index is not None:
        refusal.members.setdefault("index", index)
    return refusal


def _invalid_item(error: InvalidRecordError) -> Refusal:
    refusal = invalid(error.field, error.rule)
    refusal.members["errors"] = [{"index": error.index, "field": error.field, "rule": error.rule}]
    refusal.detail = f"item {error.index}: {refusal.detail}"
    return refusal
