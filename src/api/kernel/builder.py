"""Building the application: one container, one FastAPI app, services started in order and stopped in reverse."""

import inspect
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from fastapi import FastAPI
from neuroglia.dependency_injection.service_provider import ServiceCollection
from neuroglia.hosting.abstractions import ApplicationSettings, HostedService
from neuroglia.hosting.web import WebApplicationBuilder
from neuroglia.mediation.mediator import Mediator
from neuroglia.mvc import ControllerBase
from starlette.middleware import Middleware

from api.kernel.authentication import Authenticator
from api.kernel.authorization import routes_with_access
from api.kernel.body_limits import BodyLimit, body_limit_of
from api.kernel.controller import LabkeeperController
from api.kernel.exact_paths import ExactPaths
from api.kernel.head_requests import HeadRequests
from api.kernel.idempotency import IdempotentRequests
from api.kernel.openapi import install_openapi
from api.kernel.problems import install_problem_handlers
from api.kernel.request_context import RequestContextMiddleware
from api.kernel.shutdown import Shutdown
from api.kernel.trusted_proxies import TrustedProxies
from application.kernel.behaviours import Surprises, register_behaviours
from application.kernel.handlers import modules_of, request_handlers_of
from application.kernel.idempotency import IdempotencyKeys
from application.kernel.mediator import LabkeeperMediator
from application.kernel.services import LabkeeperServiceCollection, LabkeeperServiceProvider

log = logging.getLogger("labkeeper.host")
API_PREFIX = "/api/v1"


class LabkeeperWebApplicationBuilder(WebApplicationBuilder):
    """neuroglia's builder with registrations of its own: two applications in one process share nothing.

    Args:
        max_body_bytes, body_timeout_seconds: limits on every request's body; see ``takes_uploads`` for others.
        trusted_proxies: who may say by forwarded headers where a request came from.
    """

    def __init__(
        self,
        app_settings: ApplicationSettings | None = None,
        *,
        max_body_bytes: int = 1 << 20,
        body_timeout_seconds: float = 30.0,
        trusted_proxies: Sequence[IPv4Network | IPv6Network] = (),
    ) -> None:
        self.services: ServiceCollection = LabkeeperServiceCollection()
        super().__init__(app_settings)
        self._proxies = Middleware(TrustedProxies, trusted_proxies)
        self._uploads: dict[str, BodyLimit] = {}
        self._limits = Middleware(RequestContextMiddleware, max_body_bytes, body_timeout_seconds, self._uploads)
        self.services.add_singleton(Mediator, LabkeeperMediator)
        self.services.add_singleton(Shutdown)
        request_handlers_of(self.services)
        register_behaviours(self.services)

    def add_controller(self, controller: type[LabkeeperController]) -> None:
        """Register one controller."""
        self.services.add_singleton(ControllerBase, controller)

    def add_controllers(
        self, modules: list[str], app: FastAPI | None = None, prefix: str | None = None
    ) -> ServiceCollection:
        """Register every controller that the modules and packages define, by name. An import that fails rises.

        Raises:
            ValueError: ``app`` or ``prefix`` is given; there is one application, and a controller knows its prefix.
        """
        if app is not None or prefix is not None:
            raise ValueError("there is one application, and a controller names its own prefix")
        for name in modules:
            for module in modules_of(name):
                for cls in vars(module).values():
                    defined_here = inspect.isclass(cls) and cls.__module__ == module.__name__
                    if defined_here and issubclass(cls, LabkeeperController) and not inspect.isabstract(cls):
                        self.add_controller(cls)
        return self.services

    def build_app_with_lifespan(
        self,
        title: str | None = None,
        description: str = "",
        version: str | None = None,
        debug: bool | None = None,  # noqa: ARG002  a traceback is for the log, never for the caller
    ) -> FastAPI:
        """Build the application. Needs an ``Authenticator`` among the services.

        ``app.state`` holds ``services``, ``authenticator``, ``idempotency`` (None without ``IdempotencyKeys``) and
        ``shutdown``.

        Raises:
            UndeclaredAccessError: a route does not say who may use it.
            ServiceResolutionError: a controller or the authenticator cannot be built.
        """
        provider = self.services.build()
        assert isinstance(provider, LabkeeperServiceProvider)
        app = FastAPI(
            title=title or "Labkeeper",
            description=description,
            version=version or "0.1.0",
            lifespan=_lifespan(provider),
            openapi_url=f"{API_PREFIX}/openapi.json",
            docs_url=None,
            redoc_url=None,
            middleware=[self._proxies, self._limits],
            redirect_slashes=False,
        )
        keys = provider.get_service(IdempotencyKeys)
        app.state.services = provider
        app.state.authenticator = provider.get_required_service(Authenticator)
        app.state.idempotency = IdempotentRequests(keys) if keys is not None else None
        app.state.shutdown = provider.get_required_service(Shutdown)
        install_problem_handlers(app)
        install_openapi(app)
        for controller in provider.get_services(ControllerBase):
            controller.add_routes_to(app.router, API_PREFIX if controller.versioned else "")
        for route in app.routes:
            limit = body_limit_of(getattr(route, "endpoint", None))
            if limit is not None:
                self._uploads[getattr(route, "path", "")] = limit
        app.router.middleware_stack = HeadRequests(ExactPaths(app.router), app.router)
        self._main_app = app
        return app


def _lifespan(provider: LabkeeperServiceProvider) -> Any:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        list(routes_with_access(app))
        started: list[HostedService] = []
        try:
            for service in provider.get_services(HostedService):
                await service.start_async()
                started.append(service)
            yield
        finally:
            app.state.shutdown.begin()
            await _stop_async(started)
            await provider.dispose_async()

    return lifespan


async def _stop_async(started: list[HostedService]) -> None:
    """Stop in reverse order. One that fails is logged and keeps none of the others running."""
    for service in reversed(started):
        try:
            await service.stop_async()  # type: ignore[no-untyped-call]  # neuroglia's port has no annotations
        except Exception as error:  # noqa: BLE001  the process edge of the host: the others must be stopped too
            Surprises.log_once(log, f"{type(service).__name__} failed to stop", error)
