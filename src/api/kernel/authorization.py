"""Who may: every route says which role it needs, or that it is public. A route that says nothing stops the start."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from fastapi import FastAPI
from starlette.routing import Route

from domain.kernel.errors import LabkeeperError

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_MARK = "__labkeeper_access__"


class Role(StrEnum):
    """What a token's holder may do. Each role may do all that the ones before it may."""

    USER = "user"
    MANAGER = "manager"
    ADMIN = "admin"

    def includes(self, needed: "Role") -> bool:
        """Tell whether this role is enough where ``needed`` is asked for."""
        ranks = list(Role)
        return ranks.index(self) >= ranks.index(needed)


@dataclass(frozen=True, slots=True)
class Access:
    """What a route asks for; ``role`` is None when it is public."""

    role: Role | None


class UndeclaredAccessError(LabkeeperError):
    """A route does not say who may use it."""


def requires(role: Role) -> Callable[[Endpoint], Endpoint]:
    """Declare the least role that may use an endpoint."""
    return _marking(Access(role))


def public(endpoint: Endpoint) -> Endpoint:
    """Declare that anybody may use an endpoint, without a token."""
    return _marking(Access(None))(endpoint)


def _marking(access: Access) -> Callable[[Endpoint], Endpoint]:
    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, access)
        return endpoint

    return mark


def access_of(endpoint: Any) -> Access | None:
    """Return what an endpoint declares; None when it declares nothing."""
    declared = getattr(endpoint, _MARK, None)
    return declared if isinstance(declared, Access) else None


def routes_with_access(app: FastAPI) -> Iterator[tuple[str, str, Access]]:
    """Yield method, path and access of every route of an application.

    Raises:
        UndeclaredAccessError: a route declares nothing, or is not one that can be guarded.
    """
    documents = {app.openapi_url}
    for route in app.routes:
        path = getattr(route, "path", repr(route))
        access = Access(None) if path in documents else access_of(getattr(route, "endpoint", None))
        guarded = path in documents or getattr(route, "guarded", False)
        if access is None or not guarded or not isinstance(route, Route):
            raise UndeclaredAccessError(f"{path} does not declare who may use it")
        for method in sorted(route.methods or ()):
            yield method, path, access
