"""Answers beyond neuroglia's own helpers: refusals with a stable type and extra members."""

from typing import Any, TypeVar

from neuroglia.core import OperationResult

from domain.kernel.errors import DomainError, NotThereError

PROBLEM_TYPES = "https://labkeeper.dev/problems/"

T = TypeVar("T")


class Refusal(OperationResult[Any]):
    """A problem with a stable type, extra members and, where trying again helps, a time.

    Attributes:
        retry_after_seconds: when to try again; None when that would not help.
        members: extension members of the problem document (RFC 9457 section 3.2).
    """

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str,
        *,
        retry_after_seconds: float | None = None,
        **members: Any,
    ) -> None:
        super().__init__(title, status, detail, PROBLEM_TYPES + name)
        self.data = None
        self.retry_after_seconds = retry_after_seconds
        self.members = members


class RefusalError(Exception):
    """Ends work with a refusal from where no result can be returned, as while a body is read."""

    refusal: Refusal


def invalid(field: str, rule: str) -> Refusal:
    """422: a value breaks a rule; says which and what."""
    return Refusal(422, "invalid-value", "Invalid value", f"{field} {rule}", errors=[{"field": field, "rule": rule}])


def missing(what: str, key: str) -> Refusal:
    """404: there is no such thing."""
    return Refusal(404, "not-found", "Not found", f"there is no {what} {key}")


def conflicting(detail: str) -> Refusal:
    """409: the state of things does not allow it."""
    return Refusal(409, "conflict", "Conflict", detail)


def taken(field: str, rule: str) -> Refusal:
    """409: a value that must be unique is another's already; says which and why."""
    return Refusal(409, "already-taken", "Already taken", f"{field} {rule}", errors=[{"field": field, "rule": rule}])


def precondition_failed(detail: str) -> Refusal:
    """412: the thing is not in the version that the caller expects."""
    return Refusal(412, "precondition-failed", "Precondition failed", detail)


def too_soon(detail: str, retry_after_seconds: float) -> Refusal:
    """429: not again so soon."""
    return Refusal(429, "too-many-requests", "Too many requests", detail, retry_after_seconds=retry_after_seconds)


def upstream_failed(detail: str, **members: Any) -> Refusal:
    """502: the other system answered, but not with what it should."""
    return Refusal(502, "upstream-failed", "Upstream failed", detail, **members)


def unavailable(detail: str, retry_after_seconds: float, **members: Any) -> Refusal:
    """503: no answer right now."""
    return Refusal(503, "unavailable", "Unavailable", detail, retry_after_seconds=retry_after_seconds, **members)


def login_needed() -> Refusal:
    """401: the system of record accepts no login of whoever asks."""
    detail = "Connect accepts no login of yours; log in at /auth/login, or send a bearer token of Connect"
    return Refusal(401, "login-needed", "Login needed", detail)


def refusal_of(error: DomainError) -> Refusal:
    """404 for what is not there, 422 when the error names a field and the rule that its value breaks, else 409."""
    if isinstance(error, NotThereError):
        return Refusal(404, "not-found", "Not found", str(error))
    field, rule = getattr(error, "field", None), getattr(error, "rule", None)
    return invalid(field, rule) if isinstance(field, str) and isinstance(rule, str) else conflicting(str(error))
