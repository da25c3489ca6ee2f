"""Builds the application: settings, storage, each context, then what runs them. Reads like a table of contents."""

import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version

import httpx
from fastapi import FastAPI
from neuroglia.dependency_injection.service_provider import ServiceCollection, ServiceProviderBase
from neuroglia.hosting.abstractions import HostedService

from api.dashboard.installation import DashboardInstallation
from api.dashboard.page_shell import PageShell
from api.dashboard.refusal_pages import install_refusal_pages
from api.dashboard.static_files import StaticFiles
from api.kernel.authentication import Authenticator
from api.kernel.builder import LabkeeperWebApplicationBuilder
from api.kernel.jwt_tokens import JwtTokens
from api.kernel.read_your_writes import ReadYourWrites
from api.kernel.signing_keys import JwksSigningKeys
from application.kernel.addresses import OutboundAddresses
from application.kernel.background import BackgroundWork
from application.kernel.cloud_events import CloudEvents
from application.kernel.event_feed import EventFeed
from application.kernel.event_stream import EventStream, FactAudience
from application.kernel.fact_types import FactTypes
from application.kernel.handlers import register_handlers
from application.kernel.probes import HealthProbe, MetricsPage
from application.kernel.subscriptions import Subscriber, Subscriptions
from domain.kernel.clock import Clock, SystemClock
from integration.access import wiring as access
from integration.http.address_policy import AddressPolicy
from integration.http.outbound_addresses import PolicedOutboundAddresses
from integration.installation_secrets import InstallationSecrets
from integration.labops import wiring as labops
from integration.labs import wiring as labs
from integration.mongo.credential_store import EncryptedCredentialStore
from integration.mongo.driver import MongoDriver, open_driver
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.wiring import register_storage, register_subscriptions
from integration.records import wiring as records
from integration.scheduling.labkeeper_task_scheduler import LabkeeperTaskScheduler
from integration.telemetry.probes import CheckedHealth, PrometheusPage
from integration.telemetry.telemetry import Telemetry
from integration.webhooks import wiring as webhooks
from settings import Settings, networks_of

LARGEST_BODY_BYTES = 8 * 1024 * 1024
"""The data of one record may have 4 MiB; batches of smaller ones fit in as well."""
DESCRIPTION = (
    "Keeps a record of every lab you run: refreshed in the background, answered from its own store, "
    "with everything that ever happened to it."
)


def product_version() -> str:
    """Return the installed version; ``0`` when run from sources that are not installed."""
    try:
        return version("labkeeper")
    except PackageNotFoundError:
        return "0"


def build_app(
    settings: Settings,
    mongodb_uri: str,
    secrets: InstallationSecrets,
    telemetry: Telemetry,
    clock: Clock | None = None,
    policy: AddressPolicy | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """Build the application on a running MongoDB. Call it inside the event loop that will serve it.

    Args:
        monotonic: seconds that only go forward; how old an identity provider's keys are is measured in them.
    """
    clock = clock or SystemClock()
    policy = policy or AddressPolicy()
    driver = open_driver(settings.mongodb_driver, mongodb_uri, settings.mongodb_database)
    builder = LabkeeperWebApplicationBuilder(
        max_body_bytes=LARGEST_BODY_BYTES, trusted_proxies=networks_of(settings.trusted_proxies)
    )
    services = builder.services

    watch, storage = register_storage(services, driver, clock, secrets.credential_keys)
    background = BackgroundWork()
    services.add_singleton(OutboundAddresses, singleton=PolicedOutboundAddresses(policy))
    services.add_singleton(BackgroundWork, singleton=background)
    services.add_singleton(CloudEvents, singleton=CloudEvents(settings.public_url))

    who = access.register_access(
        services,
        driver=driver,
        clock=clock,
        keys=secrets.credential_keys,
        policy=policy,
        connect=settings.connect,
        managed_here=settings.records.repository == "local",
        public_url=settings.public_url,
    )
    storage.add(who)
    labs_log = labs.register_labs(services, driver, settings.labs, policy, watch, clock)
    storage.add(labs_log)
    credentials = EncryptedCredentialStore(driver, secrets.credential_keys)
    field = records.register_records(
        services,
        driver=driver,
        clock=clock,
        settings=settings.records,
        watch=watch,
        credentials=credentials,
        policy=policy,
        ocs=settings.ocs,
    )
    storage.add(field)
    operations = labops.register_labops(
        services,
        driver=driver,
        clock=clock,
        settings=settings.labops,
        data_dir=settings.data_dir,
        watch=watch,
        policy=policy,
        public_url=settings.public_url,
    )
    storage.add(operations)
    hooks = webhooks.register_webhooks(
        services,
        driver=driver,
        clock=clock,
        credentials=credentials,
        policy=policy,
        logs=[labs.LOG, records.LOG, labops.LOG, access.LOG],
        event_types=_types_of([labs_log, field.log, operations.log, who.log]),
        public_url=settings.public_url,
    )
    storage.add(hooks)
    services.add_singleton(EventFeed, singleton=hooks.log)
    for subscriber in hooks.subscribers:
        services.add_singleton(Subscriber, singleton=subscriber)

    register_subscriptions(services, driver, clock, watch)
    services.add_singleton(HostedService, singleton=background)
    _register_event_stream(services, [labs_log, field.log, operations.log], settings.public_url)
    services.add_singleton(ReadYourWrites)
    services.add_singleton(Authenticator, singleton=_authenticator(settings, secrets, clock, monotonic, who))
    register_handlers(services, "application.operations")
    pages = _register_dashboard(services, settings)
    _register_probes(builder, driver, telemetry)
    builder.add_controllers(
        ["api.labs", "api.labops", "api.records", "api.access", "api.webhooks", "api.operations", "api.dashboard"]
    )
    LabkeeperTaskScheduler.configure(builder, [labs.JOBS, *field.jobs, *operations.jobs])
    app = builder.build_app_with_lifespan("Labkeeper", DESCRIPTION, product_version())
    install_refusal_pages(app, pages)
    return app


def _authenticator(
    settings: Settings,
    secrets: InstallationSecrets,
    clock: Clock,
    monotonic: Callable[[], float],
    who: access.AccessContext,
) -> Authenticator:
    keys = None
    if settings.jwks_url:
        keys = JwksSigningKeys(settings.jwks_url, httpx.AsyncClient(timeout=5.0), monotonic=monotonic)
    tokens = JwtTokens(
        secrets.jwt_secret,
        keys,
        issuer=settings.jwt_issuer or None,
        audience=settings.jwt_audience or None,
        leeway_seconds=0.0,
        clock=clock,
    )
    return Authenticator(tokens, who.bearers, who.sessions, settings.public_url, who.admission)


def _types_of(logs: Sequence[MongoEventStore]) -> frozenset[str]:
    return frozenset[str]().union(*(log.codec.event_types for log in logs))


def _register_event_stream(services: ServiceCollection, feeds: Sequence[MongoEventStore], public_url: str) -> None:
    types = FactTypes(_types_of(feeds))

    def stream(provider: ServiceProviderBase) -> EventStream:
        return EventStream(feeds, CloudEvents(public_url), provider.get_services(FactAudience), types)

    services.add_singleton(EventStream, implementation_factory=stream)


def _register_dashboard(services: ServiceCollection, settings: Settings) -> PageShell:
    installation = DashboardInstallation(product_version(), settings.labops.timezone, bool(settings.connect.url))
    static = StaticFiles()
    shell = PageShell(static, installation)
    services.add_singleton(StaticFiles, singleton=static)
    services.add_singleton(PageShell, singleton=shell)
    return shell


def _register_probes(builder: LabkeeperWebApplicationBuilder, driver: MongoDriver, telemetry: Telemetry) -> None:
    services = builder.services
    services.add_singleton(
        HealthProbe,
        implementation_factory=lambda provider: CheckedHealth(driver, provider.get_required_service(Subscriptions)),
    )
    services.add_singleton(MetricsPage, singleton=PrometheusPage(telemetry))
