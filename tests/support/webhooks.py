"""A receiver of webhooks on loopback, and the whole webhooks context on a test's database."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from cryptography.fernet import Fernet
from neuroglia.hosting.abstractions import HostedService
from neuroglia.mediation.mediator import Mediator

from application.kernel.addresses import OutboundAddresses
from application.kernel.behaviours import register_behaviours
from application.kernel.cloud_events import CloudEvents
from application.kernel.leases import Leases
from application.kernel.mediator import LabkeeperMediator
from application.kernel.services import LabkeeperServiceCollection
from application.webhooks.change_webhook import ChangeWebhookCommand
from application.webhooks.deliveries import DeliveryView
from application.webhooks.register_webhook import RegisterWebhookCommand
from application.webhooks.retry_schedule import RetrySchedule
from application.webhooks.views import WebhookView
from domain.kernel.clock import Clock, SystemClock
from domain.kernel.domain_event import RecordedDomainEvent, domain_event
from integration.http.address_policy import AddressPolicy
from integration.http.outbound_addresses import PolicedOutboundAddresses
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.credential_store import EncryptedCredentialStore
from integration.mongo.driver import MongoDriver
from integration.mongo.events.event_codec import EventCodec
from integration.mongo.events.event_store import MongoEventStore
from integration.mongo.subscriptions.checkpoints import Checkpoints
from integration.mongo.subscriptions.read_model_watch import ReadModelWatch
from integration.mongo.subscriptions.subscription_host import MongoSubscriptions
from integration.webhooks.delivery_worker import WebhookDeliveryWorker
from integration.webhooks.wiring import WebhooksContext, register_webhooks

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
FERNET_KEY = Fernet.generate_key().decode()


@domain_event("labs.lab-record-created.v1")
class LabMade(RecordedDomainEvent):
    worker_id: str
    title: str
    seen_at: datetime | None = None


@domain_event("labs.lab-state-changed.v1")
class LabTurned(RecordedDomainEvent):
    worker_id: str
    new_state: str


class MovableClock(Clock):
    """Runs like the machine's clock, from wherever it was set to."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.ahead


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    def is_signed_with(self, key: bytes) -> bool:
        """Check the signature as the specification tells receivers to, without the product's code."""
        content = b".".join(
            (self.headers["webhook-id"].encode(), self.headers["webhook-timestamp"].encode(), self.body)
        )
        expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        version, _, given = self.headers["webhook-signature"].partition(",")
        return version == "v1" and hmac.compare_digest(given, expected)


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """Answers 204 unless ``answer`` says otherwise, and remembers everything."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], Awaitable[Answer]] | None = None
    now: int = 0
    most_at_once: int = 0

    async def app(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        one = Received({**headers, ":path": scope["path"]}, body)
        self.received.append(one)
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        try:
            status, more_headers, content = await self.answer(one) if self.answer else (204, {}, b"")
        finally:
            self.now -= 1
        raw = [(name.encode(), value.encode()) for name, value in more_headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": content})

    def answers(self, *statuses: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """Answer with these statuses in turn, the last one for ever."""
        left = list(statuses)

        async def answer(_: Received) -> Answer:
            return (left.pop(0) if len(left) > 1 else left[0]), headers or {}, body

        self.answer = answer

    def events(self) -> list[str]:
        return [one.event["id"] for one in self.received]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    config = uvicorn.Config(receiver.app, "127.0.0.1", 0, log_config=None, lifespan="off", interface="asgi3")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110  uvicorn has no event to wait for
        await asyncio.sleep(0.01)
    receiver.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/hook"
    try:
        yield receiver
    finally:
        server.force_exit = True
        server.should_exit = True
        await asyncio.wait_for(task, 60)


@dataclass
class Machinery:
    """One process' worth of the context."""

    labs: MongoEventStore
    context: WebhooksContext
    mediator: Mediator
    worker: WebhookDeliveryWorker
    subscriptions: MongoSubscriptions
    clock: MovableClock
    services: Any

    async def register(self, url: str, *event_types: str, secret: str | None = SECRET, **more: Any) -> WebhookView:
        command = RegisterWebhookCommand(url=url, event_types=event_types or ("labs.*",), secret=secret, **more)
        result = await self.mediator.execute_async(command)
        assert result.is_success, result.detail
        assert result.data is not None
        return result.data

    async def change(self, webhook: WebhookView, **changes: Any) -> None:
        result = await self.mediator.execute_async(ChangeWebhookCommand(webhook_id=webhook.webhook_id, **changes))
        assert result.is_success, result.detail

    async def happen(self, lab: str, version: int, **meta: Any) -> str:
        """Store one fact about a lab; returns its event id."""
        event: RecordedDomainEvent
        common = {
            "aggregate_id": lab,
            "created_at": datetime(2026, 3, 1, tzinfo=UTC),
            "event_id": f"{lab}.{version}",
            "aggregate_version": version,
            "worker_id": "w1",
        }
        event = LabMade(title="T", **common) if version == 1 else LabTurned(new_state="STARTED", **common)
        await self.labs.commit_async(f"lab-record-{lab}", [event], version - 1)
        return event.event_id

    async def heard(self) -> None:
        """Wait until all that happened by now was looked at and queued for those who want it."""
        head, checkpoints = await self.labs.head_async(), self.subscriptions._checkpoints
        async with asyncio.timeout(60):
            while (at := await checkpoints.get_async("subscription:webhooks-labs")) is None or at.position < head:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def deliveries(self, webhook: WebhookView) -> list[DeliveryView]:
        return await self.context.deliveries.list_async(webhook.webhook_id, None, 200, None)


@asynccontextmanager
async def machinery(
    driver: MongoDriver,
    *,
    policy: AddressPolicy | None = None,
    schedule: RetrySchedule | None = None,
    keys: str = FERNET_KEY,
    started: bool = True,
) -> AsyncIterator[Machinery]:
    clock = MovableClock()
    leases = MongoLeases(driver)
    services = LabkeeperServiceCollection()
    services.add_singleton(Mediator, LabkeeperMediator)
    register_behaviours(services)
    services.add_singleton(Clock, singleton=clock)
    services.add_singleton(Leases, singleton=leases)
    policy = policy or AddressPolicy()
    services.add_singleton(OutboundAddresses, singleton=PolicedOutboundAddresses(policy))
    services.add_singleton(CloudEvents, singleton=CloudEvents())
    services.add_singleton(RetrySchedule, singleton=schedule or RetrySchedule(0.02, 0.1))
    context = register_webhooks(
        services,
        driver=driver,
        clock=clock,
        credentials=EncryptedCredentialStore(driver, [keys]),
        policy=policy,
        logs=["labs"],
    )
    await context.prepare_async()
    labs = MongoEventStore(driver, "labs", EventCodec("labs", [LabMade, LabTurned]), clock)
    await labs.prepare_async()
    provider = services.build()
    [worker] = provider.get_services(HostedService)
    assert isinstance(worker, WebhookDeliveryWorker)
    worker._poll_seconds = 0.1
    watch = ReadModelWatch(driver, Checkpoints(driver, clock))
    feeds = [labs, context.log]
    subscriptions = MongoSubscriptions(driver, leases, clock, watch, feeds, context.subscribers, [])
    mediator = provider.get_required_service(Mediator)
    if started:
        await subscriptions.start_async()
        await worker.start_async()
        await _until_subscribed(driver)
    try:
        yield Machinery(labs, context, mediator, worker, subscriptions, clock, provider)
    finally:
        await worker.stop_async()
        await subscriptions.stop_async()
        await labs.close_async()
        await context.close_async()


async def _until_subscribed(driver: MongoDriver) -> None:
    async with asyncio.timeout(60):
        checkpoints = driver.collection("checkpoints")
        while await checkpoints.find_one({"_id": "subscription:webhooks-labs"}) is None:  # noqa: ASYNC110  no event either
            await asyncio.sleep(0.02)
