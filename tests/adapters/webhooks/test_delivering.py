"""From a stored fact to a receiver on loopback, through a real database."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from application.webhooks.deliveries import DeliveryStatus
from application.webhooks.get_webhook import GetWebhookQuery
from application.webhooks.remove_webhook import RemoveWebhookCommand
from application.webhooks.retry_delivery import RetryDeliveryCommand
from application.webhooks.retry_schedule import RetrySchedule
from application.webhooks.views import WebhookView
from domain.webhooks.webhook import Webhook
from integration.mongo.driver import DriverName, MongoDriver
from tests.support.jobs import eventually
from tests.support.webhooks import Answer, Machinery, Received, Receiver, machinery

BOTH = pytest.mark.parametrize("driver_name", ["motor", "pymongo"], indirect=True)


async def settled(one: Machinery, webhook: WebhookView, status: DeliveryStatus, count: int = 1) -> None:
    async def are_settled() -> bool:
        return sum(delivery.status is status for delivery in await one.deliveries(webhook)) == count

    await eventually(are_settled)


async def tried(one: Machinery, webhook: WebhookView, event_id: str, times: int) -> None:
    """Wait until a delivery was tried so often and what came of that is stored."""

    async def is_so() -> bool:
        return any(
            (delivery.event_id, delivery.attempts_made) == (event_id, times)
            for delivery in await one.deliveries(webhook)
        )

    await eventually(is_so)


async def quiet(receiver: Receiver) -> int:
    """Wait until nothing has come for a second, which is ten times the longest wait; return how much came in all."""
    async with asyncio.timeout(60):
        while True:
            before = len(receiver.received)
            await asyncio.sleep(1)
            if len(receiver.received) == before:
                return before


async def shown(one: Machinery, webhook: WebhookView) -> WebhookView:
    result = await one.mediator.execute_async(GetWebhookQuery(webhook_id=webhook.webhook_id))
    assert result.data is not None
    return result.data


@BOTH
async def test_a_fact_arrives_as_a_signed_cloud_event(
    driver: MongoDriver, driver_name: DriverName, receiver: Receiver
) -> None:
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url)
        await one.happen("w1.l1", 1)
        await settled(one, webhook, DeliveryStatus.DELIVERED)
        [received] = receiver.received
        assert received.headers["content-type"] == "application/cloudevents+json"
        assert received.is_signed_with(b"k" * 32)
        assert not received.is_signed_with(b"x" * 32)
        assert abs(int(received.headers["webhook-timestamp"]) - one.clock.now().timestamp()) < 60
        event = received.event
        assert event.pop("correlationid")
        assert event == {
            "specversion": "1.0",
            "id": "w1.l1.1",
            "source": "/labkeeper/labs",
            "type": "labs.lab-record-created.v1",
            "subject": "w1.l1",
            "time": "2026-03-01T00:00:00Z",
            "datacontenttype": "application/json",
            "position": 1,
            "actor": "system",
            "workerid": "w1",
            "data": {"worker_id": "w1", "title": "T", "seen_at": None},
        }
        [delivery] = await one.deliveries(webhook)
        assert received.headers["webhook-id"] == delivery.delivery_id
        assert (delivery.attempts_made, delivery.attempts[0].status, delivery.attempts[0].error) == (1, 204, None)
        assert delivery.next_attempt_at is None
        assert delivery.settled_at is not None


@BOTH
async def test_only_wanted_facts_are_delivered_each_to_everyone_who_wants_it(
    driver: MongoDriver, driver_name: DriverName, receiver: Receiver
) -> None:
    async with machinery(driver) as one:
        states = await one.register(receiver.url, "labs.lab-state-changed")
        everything = await one.register(receiver.url, "*")
        nothing = await one.register(receiver.url, "records.*")
        for version in (1, 2):
            await one.happen("w1.l1", version)
        await settled(one, everything, DeliveryStatus.DELIVERED, 2)
        await settled(one, states, DeliveryStatus.DELIVERED, 1)
        assert await one.deliveries(nothing) == []
        assert len({received.headers["webhook-id"] for received in receiver.received}) == 3


@BOTH
async def test_a_lab_keeps_its_order_across_failures_and_does_not_hold_up_others(
    driver: MongoDriver, driver_name: DriverName, receiver: Receiver
) -> None:
    failures = {"w1.bad.2": 3}

    async def answer(received: Received) -> Answer:
        event_id = received.event["id"]
        failures[event_id] = failures.get(event_id, 0) - 1
        return (500 if failures[event_id] >= 0 else 200), {}, b"thanks"

    receiver.answer = answer
    async with machinery(driver, schedule=RetrySchedule(600, 600)) as one:
        webhook = await one.register(receiver.url)
        for version in (1, 2, 3):
            await one.happen("w1.bad", version)
        for version in (1, 2, 3):
            await one.happen("w1.good", version)
        await settled(one, webhook, DeliveryStatus.DELIVERED, 4)
        for times in (1, 2, 3):
            await tried(one, webhook, "w1.bad.2", times)
            one.clock.ahead += timedelta(seconds=601)
        await settled(one, webhook, DeliveryStatus.DELIVERED, 6)
        events = receiver.events()
        assert [event for event in events if event.startswith("w1.bad")] == [
            "w1.bad.1",
            *["w1.bad.2"] * 4,
            "w1.bad.3",
        ]
        assert [event for event in events if event.startswith("w1.good")] == [f"w1.good.{n}" for n in (1, 2, 3)]
        assert events.index("w1.good.3") < events.index("w1.bad.3")
        tries = [received for received in receiver.received if received.event["id"] == "w1.bad.2"]
        assert len({received.headers["webhook-id"] for received in tries}) == 1
        assert len({received.body for received in tries}) == 1
        assert all(received.is_signed_with(b"k" * 32) for received in tries)
        late = next(one for one in await one.deliveries(webhook) if one.event_id == "w1.bad.2")
        assert [attempt.status for attempt in late.attempts] == [500, 500, 500, 200]
        assert [attempt.error for attempt in late.attempts] == ["answered 500"] * 3 + [None]
        assert late.last_answer == "thanks"


@BOTH
async def test_after_24_hours_a_delivery_is_parked_the_next_goes_on_and_it_can_be_sent_by_hand(
    driver: MongoDriver, driver_name: DriverName, receiver: Receiver
) -> None:
    receiver.answers(503)
    async with machinery(driver, schedule=RetrySchedule(600, 600)) as one:
        webhook = await one.register(receiver.url)
        await one.happen("w1.l1", 1)
        await tried(one, webhook, "w1.l1.1", 1)
        one.clock.ahead = timedelta(hours=23)
        await tried(one, webhook, "w1.l1.1", 2)
        await one.happen("w1.l1", 2)
        await tried(one, webhook, "w1.l1.2", 0)
        assert [delivery.status for delivery in await one.deliveries(webhook)] == ["pending", "pending"]
        assert len(receiver.received) == 2
        one.clock.ahead = timedelta(hours=24, seconds=1)
        await settled(one, webhook, DeliveryStatus.PARKED)
        await tried(one, webhook, "w1.l1.2", 1)
        assert receiver.events() == ["w1.l1.1"] * 3 + ["w1.l1.2"]
        receiver.answers(200)
        parked = next(one for one in await one.deliveries(webhook) if one.status is DeliveryStatus.PARKED)
        assert parked.attempts_made == 3
        retry = RetryDeliveryCommand(webhook_id=webhook.webhook_id, delivery_id=parked.delivery_id)
        result = await one.mediator.execute_async(retry)
        assert (result.status, result.data and result.data.status) == (202, DeliveryStatus.PENDING)
        await eventually(lambda: receiver.events()[-1] == "w1.l1.1")
        one.clock.ahead += timedelta(minutes=11)
        await settled(one, webhook, DeliveryStatus.DELIVERED, 2)
        assert (await one.mediator.execute_async(retry)).status == 409


async def test_what_the_receiver_asks_for_is_waited_for(driver: MongoDriver, receiver: Receiver) -> None:
    receiver.answers(429, 200, headers={"retry-after": "120"})
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url)
        await one.happen("w1.l1", 1)
        await tried(one, webhook, "w1.l1.1", 1)
        await asyncio.sleep(0.5)
        [waiting] = await one.deliveries(webhook)
        assert waiting.next_attempt_at is not None
        assert 60 < (waiting.next_attempt_at - one.clock.now()).total_seconds() <= 120
        assert len(receiver.received) == 1
        one.clock.ahead = timedelta(seconds=121)
        await settled(one, webhook, DeliveryStatus.DELIVERED)


async def test_410_disables_the_webhook_and_what_waits_goes_out_when_it_is_active_again(
    driver: MongoDriver, receiver: Receiver
) -> None:
    receiver.answers(410)
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url)
        await one.happen("w1.l1", 1)

        async def is_disabled() -> bool:
            return not (await shown(one, webhook)).active

        await eventually(is_disabled)
        assert (await shown(one, webhook)).disabled_reason == "the receiver answered 410 Gone"
        await asyncio.sleep(0.5)
        assert len(receiver.received) == 1
        receiver.answers(200)
        await one.change(webhook, active=True)
        await settled(one, webhook, DeliveryStatus.DELIVERED)
        facts = await one.context.log.read_stream_async(f"webhook-{webhook.webhook_id}")
        assert [(fact.event.event_type, fact.actor) for fact in facts] == [
            ("webhooks.webhook-registered.v1", "system"),
            ("webhooks.webhook-disabled.v1", "system:webhook-deliveries"),
            ("webhooks.webhook-changed.v1", "system"),
        ]


async def test_an_inactive_webhook_gets_nothing_new_and_what_was_pending_waits(
    driver: MongoDriver, receiver: Receiver
) -> None:
    receiver.answers(500)
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url)
        await one.happen("w1.l1", 1)
        await eventually(lambda: len(receiver.received) >= 1)
        await one.change(webhook, active=False)
        await one.happen("w1.l1", 2)
        await one.heard()
        await quiet(receiver)
        [waiting] = await one.deliveries(webhook)
        assert (waiting.status, waiting.event_id) == (DeliveryStatus.PENDING, "w1.l1.1")
        receiver.answers(200)
        await one.change(webhook, active=True)
        await settled(one, webhook, DeliveryStatus.DELIVERED)
        await one.happen("w1.l1", 3)
        await settled(one, webhook, DeliveryStatus.DELIVERED, 2)
        assert "w1.l1.2" not in receiver.events()


async def test_a_removed_webhook_loses_its_secret_and_what_was_pending(driver: MongoDriver, receiver: Receiver) -> None:
    receiver.answers(500)
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url)
        await one.happen("w1.l1", 1)
        await eventually(lambda: len(receiver.received) >= 1)
        result = await one.mediator.execute_async(RemoveWebhookCommand(webhook_id=webhook.webhook_id))
        assert result.status == 204
        assert await driver.collection("credentials").count_documents({}) == 0
        tries = await quiet(receiver)
        await one.happen("w1.l1", 2)
        await one.heard()
        assert await quiet(receiver) == tries
        assert await driver.collection("webhook_deliveries").count_documents({}) == 0


async def test_a_removal_that_died_half_way_is_finished_by_its_subscriber(
    driver: MongoDriver, receiver: Receiver
) -> None:
    receiver.answers(500)
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url)
        aggregate = await one.context.log.load_events_async(f"webhook-{webhook.webhook_id}")
        stored = Webhook()
        stored.replay(aggregate)
        stored.remove(one.clock.now())
        await one.context.log.commit_async(f"webhook-{webhook.webhook_id}", stored.pending_events, 1)

        async def is_forgotten() -> bool:
            return await driver.collection("credentials").count_documents({}) == 0

        await eventually(is_forgotten)


async def test_at_most_four_calls_per_webhook_go_out_side_by_side(driver: MongoDriver, receiver: Receiver) -> None:
    go_on = asyncio.Event()

    async def answer(_: Received) -> Answer:
        await go_on.wait()
        return 200, {}, b""

    receiver.answer = answer
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url)
        for lab in range(12):
            await one.happen(f"w1.l{lab}", 1)
        await eventually(lambda: receiver.now == 4)
        await asyncio.sleep(0.3)
        go_on.set()
        await settled(one, webhook, DeliveryStatus.DELIVERED, 12)
        assert receiver.most_at_once == 4


@BOTH
async def test_a_fact_handled_twice_is_delivered_once(
    driver: MongoDriver, driver_name: DriverName, receiver: Receiver
) -> None:
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url)
        await one.happen("w1.l1", 1)
        await settled(one, webhook, DeliveryStatus.DELIVERED)
        [fact], _ = await one.labs.read_log_async(0, 10)
        await one.context.subscribers[0].handle_async(fact)
        await asyncio.sleep(0.3)
        assert len(receiver.received) == 1


async def test_only_one_process_delivers_and_another_takes_over(
    driver: MongoDriver, receiver: Receiver, monkeypatch: Any
) -> None:
    monkeypatch.setattr("integration.mongo.subscriptions.held_reader.CANDIDATE_PAUSE_SECONDS", 0.1)
    async with machinery(driver) as first, machinery(driver) as second:
        webhook = await second.register(receiver.url)
        for lab in range(5):
            await second.happen(f"w1.l{lab}", 1)
        await settled(first, webhook, DeliveryStatus.DELIVERED, 5)
        assert len(receiver.received) == 5
        await first.worker.stop_async()
        await second.happen("w1.l0", 2)
        await settled(second, webhook, DeliveryStatus.DELIVERED, 6)
        assert len(receiver.received) == 6


async def test_the_next_fact_of_a_new_webhook_is_not_missed(driver: MongoDriver, receiver: Receiver) -> None:
    async with machinery(driver) as one:
        webhooks = []
        for number in range(8):
            webhooks.append(await one.register(receiver.url))
            await one.happen(f"w1.l{number}", 1)

        async def nothing_is_missing() -> bool:
            for number, webhook in enumerate(webhooks):
                told = {delivery.event_id for delivery in await one.deliveries(webhook)}
                if not told >= {f"w1.l{later}.1" for later in range(number, 8)}:
                    return False
            return True

        await eventually(nothing_is_missing)


async def test_a_new_webhook_is_not_told_about_what_happened_long_before_it(
    driver: MongoDriver, receiver: Receiver
) -> None:
    async with machinery(driver, started=False) as one:
        await one.happen("w1.l1", 1)
        one.clock.ahead = timedelta(minutes=1)
        webhook = await one.register(receiver.url)
        await one.happen("w1.l2", 1)
        facts, _ = await one.labs.read_log_async(0, 10)
        for fact in facts:
            await one.context.subscribers[0].handle_async(fact)
        assert [delivery.event_id for delivery in await one.deliveries(webhook)] == ["w1.l2.1"]
