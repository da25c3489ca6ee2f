"""Finding the use cases of a context: every command and query with the one handler it has."""

import importlib
import inspect
import pkgutil
from abc import ABC
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from neuroglia.dependency_injection.service_provider import ServiceCollection
from neuroglia.mediation.mediator import CommandHandler, NotificationHandler, QueryHandler, Request, RequestHandler

from application.kernel.generics import generic_argument
from domain.kernel.errors import LabkeeperError


class HandlerRegistrationError(LabkeeperError):
    """A request has no handler or two, or a handler does not say what it handles."""


class RequestHandlers:
    """Which handler serves which request: one map per container, shared with nobody."""

    def __init__(self) -> None:
        self._by_request: dict[type[Any], type[Any]] = {}

    def add(self, request: type[Any], handler: type[Any]) -> None:
        """Remember a handler.

        Raises:
            HandlerRegistrationError: the request has another one already.
        """
        other = self._by_request.setdefault(request, handler)
        if other is not handler:
            raise HandlerRegistrationError(f"{request.__name__} has two handlers: {_where(other)}, {_where(handler)}")

    def handler_of(self, request: type[Any]) -> type[Any] | None:
        """Return the handler class of a request class; None when there is none."""
        return self._by_request.get(request)


def request_handlers_of(services: ServiceCollection) -> RequestHandlers:
    """Return the map of a service collection, made on first use."""
    for descriptor in services:
        if descriptor.service_type is RequestHandlers:
            return descriptor.singleton
    handlers = RequestHandlers()
    services.add_singleton(RequestHandlers, singleton=handlers)
    return handlers


def register_handler(services: ServiceCollection, handler: type[Any]) -> None:
    """Register one command or query handler, or one notification handler.

    Raises:
        HandlerRegistrationError: it does not say what it handles, or another one handles the same.
    """
    if issubclass(handler, NotificationHandler):
        if not any(entry.implementation_type is handler for entry in services):
            services.add_transient(NotificationHandler, handler)
        return
    request = generic_argument(handler, RequestHandler)
    if not inspect.isclass(request):
        raise HandlerRegistrationError(f"{_where(handler)} does not say which request it handles")
    request_handlers_of(services).add(request, handler)
    services.try_add_transient(handler)


def register_handlers(services: ServiceCollection, package: ModuleType | str) -> None:
    """Import every module of a package and register every handler that is defined there.

    An import that fails rises: a context that is only half there must not start.

    Raises:
        HandlerRegistrationError: a request has no handler or two, or a handler does not say what it handles.
    """
    requests: list[type[Any]] = []
    for module in modules_of(package):
        for cls in _classes_of(module):
            if issubclass(cls, CommandHandler | QueryHandler | NotificationHandler):
                register_handler(services, cls)
            elif issubclass(cls, Request):
                requests.append(cls)
    handlers = request_handlers_of(services)
    orphans = [_where(request) for request in requests if handlers.handler_of(request) is None]
    if orphans:
        raise HandlerRegistrationError(f"no handler for {', '.join(orphans)}")


def modules_of(package: ModuleType | str) -> Iterator[ModuleType]:
    """Import and return a package and all that lies in it, by name."""
    module = importlib.import_module(package) if isinstance(package, str) else package
    yield module
    if hasattr(module, "__path__"):
        for found in sorted(
            pkgutil.walk_packages(module.__path__, module.__name__ + ".", _raise), key=lambda m: m.name
        ):
            yield importlib.import_module(found.name)


def _raise(_name: str) -> None:
    """Let an import error rise: ``walk_packages`` calls this while it is being handled."""
    raise


def _classes_of(module: ModuleType) -> Iterator[type[Any]]:
    """Return the concrete classes that a module defines itself, not what it imports."""
    for cls in vars(module).values():
        if inspect.isclass(cls) and cls.__module__ == module.__name__ and not _is_base(cls):
            yield cls


def _is_base(cls: type[Any]) -> bool:
    return inspect.isabstract(cls) or ABC in cls.__bases__ or bool(getattr(cls, "__parameters__", ()))


def _where(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
