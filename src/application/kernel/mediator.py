"""The way of a command, query or fact to whoever handles it.

What is known beforehand is worked out once per type: the handler, the behaviours around it, who hears a fact. A command
sent from inside another one shares its scope, and so its unit of work.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar, get_origin

from neuroglia.core import OperationResult
from neuroglia.dependency_injection.service_provider import ServiceDescriptor, ServiceLifetime, ServiceProviderBase
from neuroglia.mediation.mediator import Mediator, NotificationHandler, Request
from neuroglia.mediation.pipeline_behavior import PipelineBehavior

from application.kernel.generics import alternatives, generic_argument
from application.kernel.handlers import HandlerRegistrationError, RequestHandlers
from application.kernel.services import LabkeeperServiceProvider, LabkeeperServiceScope, ServiceResolutionError

TResult = TypeVar("TResult", bound=OperationResult[Any])

_ambient: ContextVar[LabkeeperServiceScope | None] = ContextVar("labkeeper_scope", default=None)

Build = Callable[[LabkeeperServiceScope], Any]
Plan = tuple[Build, tuple[Build, ...]]


class LabkeeperMediator(Mediator):
    """neuroglia's mediator with compiled plans, a shared scope, and behaviours that fail closed."""

    def __init__(self, service_provider: ServiceProviderBase) -> None:
        super().__init__(service_provider)
        root = service_provider.root if isinstance(service_provider, LabkeeperServiceScope) else service_provider
        if not isinstance(root, LabkeeperServiceProvider):
            raise ServiceResolutionError("LabkeeperMediator needs the container that LabkeeperServiceCollection builds")
        self._root = root
        self._plans: dict[type[Any], Plan] = {}
        self._routes: dict[type[Any], tuple[Build, ...]] = {}

    async def execute_async(self, request: Request[TResult]) -> TResult:
        """Hand a command or query to its handler, through the behaviours in the order they were registered.

        Raises:
            HandlerRegistrationError: nothing handles this request.
            ServiceResolutionError: the handler or a behaviour cannot be built; then nothing is executed.
        """
        plan = self._plans.get(type(request))
        if plan is None:
            plan = self._plans[type(request)] = self._plan_for(type(request))
        scope = _ambient.get()
        if scope is not None and scope.root is self._root and not scope.closed:
            scope.users += 1
            try:
                return await _run_async(plan, scope, request)
            finally:
                await _leave_async(scope)
        scope = LabkeeperServiceScope(self._root)
        scope.users = 1
        token = _ambient.set(scope)
        try:
            return await _run_async(plan, scope, request)
        finally:
            _ambient.reset(token)
            await _leave_async(scope)

    async def publish_async(self, notification: object) -> None:
        """Hand a fact to every handler of its type or of a base of it, one after the other, each once.

        Raises:
            ExceptionGroup: some handlers failed; all others have run.
        """
        routes = self._routes.get(type(notification))
        if routes is None:
            routes = self._routes[type(notification)] = self._routes_for(type(notification))
        if not routes:
            return
        errors: list[Exception] = []
        async with self._sharing_scope() as scope:
            for build in routes:
                try:
                    await build(scope).handle_async(notification)
                except Exception as error:  # noqa: BLE001  the others still hear the fact; raised below
                    errors.append(error)
        if errors:
            raise ExceptionGroup(f"{len(errors)} handlers of {type(notification).__name__} failed", errors)

    @asynccontextmanager
    async def _sharing_scope(self) -> AsyncIterator[LabkeeperServiceScope]:
        ambient = _ambient.get()
        shared = ambient is not None and ambient.root is self._root and not ambient.closed
        scope = ambient if shared and ambient is not None else LabkeeperServiceScope(self._root)
        scope.users += 1
        token = _ambient.set(scope)
        try:
            yield scope
        finally:
            _ambient.reset(token)
            await _leave_async(scope)

    def _plan_for(self, request_type: type[Any]) -> Plan:
        handlers = self._root.get_service(RequestHandlers)
        handler = handlers.handler_of(request_type) if handlers is not None else None
        if handler is None:
            raise HandlerRegistrationError(f"nothing handles {request_type.__name__}")
        registered = self._root.descriptors(handler)
        if not registered:
            raise ServiceResolutionError(f"{handler.__name__} is not registered")
        behaviours = self._root.descriptors(PipelineBehavior)
        return self._builder(registered[0]), tuple(self._builder(behaviour) for behaviour in reversed(behaviours))

    def _routes_for(self, fact: type[Any]) -> tuple[Build, ...]:
        routes: dict[type[Any], Build] = {}
        for descriptor in self._root.descriptors(NotificationHandler):
            handler = _implementation_of(descriptor)
            handled = generic_argument(handler, NotificationHandler)
            classes = [get_origin(option) or option for option in alternatives(handled)]
            if any(inspect.isclass(cls) and issubclass(fact, cls) for cls in classes):
                routes.setdefault(handler, self._builder(descriptor))
        return tuple(routes.values())

    def _builder(self, descriptor: ServiceDescriptor) -> Build:
        """Return how to get a registration's service: a singleton is looked up once and for all."""
        if descriptor.lifetime is ServiceLifetime.SINGLETON:
            service = self._root.resolve(descriptor, self._root)
            return lambda _scope: service
        if descriptor.lifetime is ServiceLifetime.SCOPED:
            return lambda scope: scope.scoped(descriptor)
        return partial(self._root.construct, descriptor)


async def _run_async(plan: Plan, scope: LabkeeperServiceScope, request: Request[TResult]) -> TResult:
    build, behaviours = plan
    step: Callable[[], Awaitable[TResult]] = partial(build(scope).handle_async, request)
    for behaviour in behaviours:
        step = partial(behaviour(scope).handle_async, request, step)
    return await step()


async def _leave_async(scope: LabkeeperServiceScope) -> None:
    """Close a scope with its last user: a command may have started another one that outlives it."""
    scope.users -= 1
    if not scope.users:
        await scope.dispose_async()


def _implementation_of(descriptor: ServiceDescriptor) -> type[Any]:
    implementation = descriptor.get_implementation_type()
    if implementation is None:
        raise HandlerRegistrationError("a factory of a notification handler must say in its annotation what it returns")
    return get_origin(implementation) or implementation
