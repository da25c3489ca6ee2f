"""The container: neuroglia's registrations, resolved strictly.

A service that cannot be built is an error that names the way there; nothing is left out or replaced by None in silence.
A scope or provider disposes what it built from a class, once, in reverse order. What a factory returned or what was
registered as an instance belongs to whoever made it.
"""

import inspect
import threading
from collections.abc import Sequence
from typing import Any

from neuroglia.dependency_injection.service_provider import (
    ServiceCollection,
    ServiceDescriptor,
    ServiceLifetime,
    ServiceProvider,
    ServiceProviderBase,
    ServiceScope,
)

from application.kernel.construction_plans import ConstructionPlan, Parameter, disposing_method, plan_of
from domain.kernel.errors import LabkeeperError


class ServiceResolutionError(LabkeeperError):
    """A service cannot be built. The message names the chain of services that led to it."""


def _name(service_type: Any) -> str:
    return service_type.__name__ if inspect.isclass(service_type) else str(service_type)


async def _dispose_all_async(owned: list[Any]) -> None:
    """Dispose in reverse order. All get their turn, errors are raised together afterwards."""
    errors: list[Exception] = []
    while owned:
        service = owned.pop()
        method = disposing_method(type(service)) or ""
        try:
            outcome = getattr(service, method)(*(None,) * (3 if method.endswith("exit__") else 0))
            if inspect.isawaitable(outcome):
                await outcome
        except Exception as error:  # noqa: BLE001  one that fails must not keep the others open; raised below
            errors.append(error)
    if errors:
        raise ExceptionGroup("services failed to close", errors)


def _dispose_all(owned: list[Any]) -> None:
    if any(disposing_method(type(service)) in ("dispose_async", "__aexit__") for service in owned):
        raise ServiceResolutionError("a service that closes asynchronously needs dispose_async")
    while owned:
        service = owned.pop()
        if disposing_method(type(service)) == "__exit__":
            service.__exit__(None, None, None)
        else:
            service.dispose()


class LabkeeperServiceProvider(ServiceProvider):
    """The root container: indexed by type, one cached plan per class, singletons built once."""

    def __init__(self, descriptors: Sequence[ServiceDescriptor]) -> None:
        super().__init__(list(descriptors))
        self._index: dict[Any, list[ServiceDescriptor]] = {}
        for descriptor in self._service_descriptors:
            self._index.setdefault(descriptor.service_type, []).append(descriptor)
        self._plans: dict[int, ConstructionPlan] = {}
        self._singletons: dict[int, Any] = {}
        self._owned: list[Any] = []
        self._lock = threading.RLock()
        self._singletons_under_construction = 0
        self._local = threading.local()

    def descriptors(self, service_type: Any) -> Sequence[ServiceDescriptor]:
        """Return the registrations of a type in the order they were made."""
        return self._index.get(service_type, ())

    def get_service(self, service_type: Any) -> Any:
        """Return the first registration's service; None when the type is not registered.

        Raises:
            ServiceResolutionError: it is registered and cannot be built.
        """
        return self._resolve_first(service_type, self)

    def get_required_service(self, service_type: Any) -> Any:
        return self._required(service_type, self)

    def get_services(self, service_type: Any) -> list[Any]:
        """Return one service per registration, in the order of registration."""
        return self._resolve_all(service_type, self)

    def create_scope(self) -> "LabkeeperServiceScope":
        return LabkeeperServiceScope(self)

    def dispose(self) -> None:
        """Close the singletons that this container built; refuses when one of them closes asynchronously."""
        _dispose_all(self._owned)
        self._singletons.clear()
        self._plans.clear()

    async def dispose_async(self) -> None:
        """Close the singletons that this container built, last built first."""
        self._singletons.clear()
        self._plans.clear()
        await _dispose_all_async(self._owned)

    def _resolve_first(self, service_type: Any, provider: "_Provider") -> Any:
        registered = self._index.get(service_type)
        if registered:
            return self.resolve(registered[0], provider)
        return provider if service_type is ServiceProviderBase else None

    def _resolve_all(self, service_type: Any, provider: "_Provider") -> list[Any]:
        if service_type is ServiceProviderBase:
            return [provider]
        return [self.resolve(descriptor, provider) for descriptor in self._index.get(service_type, ())]

    def _required(self, service_type: Any, provider: "_Provider") -> Any:
        service = self._resolve_first(service_type, provider)
        if service is None:
            raise ServiceResolutionError(f"{_name(service_type)} is not registered")
        return service

    def resolve(self, descriptor: ServiceDescriptor, provider: "_Provider") -> Any:
        """Return the service of one registration as ``provider`` (this container or a scope of it) sees it."""
        if descriptor.lifetime is ServiceLifetime.SINGLETON:
            return self._singleton(descriptor)
        if descriptor.lifetime is ServiceLifetime.SCOPED:
            return provider.scoped(descriptor)
        return self.construct(descriptor, provider)

    def _singleton(self, descriptor: ServiceDescriptor) -> Any:
        key = id(descriptor)
        if key in self._singletons:
            return self._singletons[key]
        with self._lock:
            if key not in self._singletons:
                self._singletons_under_construction += 1
                try:
                    self._singletons[key] = self.construct(descriptor, self)
                finally:
                    self._singletons_under_construction -= 1
            return self._singletons[key]

    def scoped(self, descriptor: ServiceDescriptor) -> Any:
        """A scoped service has no place in the root container: it would live as long as a singleton."""
        raise ServiceResolutionError(self._trail(descriptor, "is scoped and cannot be had outside a scope"))

    def own(self, service: Any) -> None:
        """Keep what a singleton is made of for disposal. A transient asked for directly belongs to who asked."""
        if self._singletons_under_construction:
            self._owned.append(service)

    def construct(self, descriptor: ServiceDescriptor, provider: "_Provider") -> Any:
        """Build a new service from a registration."""
        chain = self._chain()
        if any(descriptor is earlier for earlier in chain):
            raise ServiceResolutionError(self._trail(descriptor, "depends on itself"))
        chain.append(descriptor)
        try:
            instance: Any = descriptor.singleton
            if instance is not None:
                return instance
            factory: Any = descriptor.implementation_factory
            if factory is not None:
                return factory(provider)
            return self._construct_class(descriptor, provider)
        finally:
            chain.pop()

    def _construct_class(self, descriptor: ServiceDescriptor, provider: "_Provider") -> Any:
        plan = self._plans.get(id(descriptor))
        if plan is None:
            plan = self._plans[id(descriptor)] = self._plan_of(descriptor)
        arguments = plan.settled.copy()
        for parameter in tuple(plan.open):
            self._add_argument(plan, parameter, arguments, provider)
        service = plan.implementation(**arguments)
        if plan.disposable:
            provider.own(service)
        return service

    def _plan_of(self, descriptor: ServiceDescriptor) -> ConstructionPlan:
        try:
            return plan_of(descriptor.implementation_type)
        except (NameError, TypeError, ValueError) as error:
            raise ServiceResolutionError(self._trail(None, f"has a constructor nobody can read: {error}")) from error

    def _add_argument(
        self, plan: ConstructionPlan, parameter: Parameter, arguments: dict[str, Any], provider: "_Provider"
    ) -> None:
        for service_type in parameter.service_types:
            registered = self._index.get(service_type)
            if registered:
                arguments[parameter.name] = self.resolve(registered[0], provider)
                if registered[0].lifetime is ServiceLifetime.SINGLETON:
                    plan.settled[parameter.name] = arguments[parameter.name]
                    plan.open = [other for other in plan.open if other is not parameter]
                return
            if service_type is ServiceProviderBase:
                arguments[parameter.name] = provider
                return
        if parameter.has_default:
            return
        if not parameter.accepts_none:
            wanted = " | ".join(map(_name, parameter.service_types))
            raise ServiceResolutionError(
                self._trail(None, f"needs {parameter.name}: {wanted}, which is not registered")
            )
        arguments[parameter.name] = None

    def _chain(self) -> list[ServiceDescriptor]:
        try:
            chain: list[ServiceDescriptor] = self._local.chain
        except AttributeError:
            chain = self._local.chain = []
        return chain

    def _trail(self, last: ServiceDescriptor | None, what: str) -> str:
        services = [*self._chain(), *([last] if last else [])]
        return (
            " -> ".join(_name(service.implementation_type or service.service_type) for service in services) + f" {what}"
        )


class LabkeeperServiceScope(ServiceScope):
    """The lifetime of one use case: one instance of each scoped service, closed together at its end."""

    def __init__(self, root: LabkeeperServiceProvider) -> None:
        # neuroglia's constructor is left out: it copies the whole list of registrations, for every command.
        self.root = root
        self.users = 0
        self.closed = False
        self._scoped: dict[int, Any] = {}
        self._owned: list[Any] = []

    def get_service(self, service_type: Any) -> Any:
        return self.root._resolve_first(service_type, self)

    def get_required_service(self, service_type: Any) -> Any:
        return self.root._required(service_type, self)

    def get_services(self, service_type: Any) -> list[Any]:
        return self.root._resolve_all(service_type, self)

    def create_scope(self) -> "LabkeeperServiceScope":
        """Return a scope of its own beside this one; closing it leaves this one open."""
        return LabkeeperServiceScope(self.root)

    def scoped(self, descriptor: ServiceDescriptor) -> Any:
        """Return this scope's one instance of a scoped service."""
        if self.closed:
            raise ServiceResolutionError(f"the scope of {_name(descriptor.service_type)} is closed")
        key = id(descriptor)
        if key not in self._scoped:
            self._scoped[key] = self.root.construct(descriptor, self)
        return self._scoped[key]

    def own(self, service: Any) -> None:
        """Keep a service for disposal."""
        self._owned.append(service)

    def dispose(self) -> None:
        """Close what this scope built; refuses when something of it closes asynchronously."""
        self.closed = True
        _dispose_all(self._owned)
        self._scoped.clear()

    async def dispose_async(self) -> None:
        """Close what this scope built, last built first."""
        self.closed = True
        self._scoped.clear()
        if self._owned:
            await _dispose_all_async(self._owned)


_Provider = LabkeeperServiceProvider | LabkeeperServiceScope


class LabkeeperServiceCollection(ServiceCollection):
    """Registrations. The first one of a type is what ``get_service`` gives; ``get_services`` gives all."""

    def build(self) -> LabkeeperServiceProvider:
        return LabkeeperServiceProvider(self)
