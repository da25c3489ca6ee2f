"""Receivers that are slow, talkative, elsewhere or forbidden, and secrets that stay where they belong."""

import asyncio
import logging
from typing import Any

import pytest
from bson import json_util

from application.webhooks.deliveries import DeliveryStatus
from application.webhooks.ping_webhook import PingWebhookCommand
from application.webhooks.register_webhook import RegisterWebhookCommand
from application.webhooks.webhook_secrets import WebhookSecrets
from integration.http.address_policy import AddressPolicy, resolve_async
from integration.mongo.driver import MongoDriver
from integration.webhooks.http_webhook_sender import HttpWebhookSender
from tests.support.jobs import eventually
from tests.support.webhooks import SECRET, Answer, Machinery, Received, Receiver, machinery, receiving

PLAIN = "a secret in plain words"


async def ping(one: Machinery, webhook_id: str) -> Any:
    result = await one.mediator.execute_async(PingWebhookCommand(webhook_id=webhook_id))
    assert result.status == 200
    return result.data


async def test_a_ping_goes_out_signed_at_once_also_to_an_inactive_webhook(
    driver: MongoDriver, receiver: Receiver
) -> None:
    async with machinery(driver, started=False) as one:
        webhook = await one.register(receiver.url, active=False, secret=PLAIN)
        answer = await ping(one, webhook.webhook_id)
        assert (answer.delivered, answer.status, answer.error) == (True, 204, None)
        [received] = receiver.received
        assert received.is_signed_with(PLAIN.encode())
        assert received.event["type"] == "webhooks.ping.v1"
        assert received.event["subject"] == webhook.webhook_id
        receiver.answers(500)
        answer = await ping(one, webhook.webhook_id)
        assert (answer.delivered, answer.status, answer.error) == (False, 500, "answered 500")
        missing = await one.mediator.execute_async(PingWebhookCommand(webhook_id="nobody"))
        assert missing.status == 404


async def test_nobody_listening_is_told(driver: MongoDriver) -> None:
    async with machinery(driver, started=False) as one:
        async with receiving() as gone:
            webhook = await one.register(gone.url)
        answer = await ping(one, webhook.webhook_id)
        assert (answer.delivered, answer.status) == (False, None)
        assert answer.error


async def test_a_redirect_is_not_followed(driver: MongoDriver, receiver: Receiver) -> None:
    async with machinery(driver, started=False) as one:
        webhook = await one.register(receiver.url)
        for status in (301, 302, 303, 307, 308):
            receiver.answers(status, headers={"location": receiver.url + "/elsewhere"})
            answer = await ping(one, webhook.webhook_id)
            assert (answer.delivered, answer.status) == (False, status)
            assert "not followed" in answer.error
        assert {received.headers[":path"] for received in receiver.received} == {"/hook"}


async def test_a_slow_receiver_is_not_waited_for(driver: MongoDriver, receiver: Receiver) -> None:
    async def answer(_: Received) -> Answer:
        await asyncio.sleep(600)
        return 200, {}, b""

    receiver.answer = answer
    async with machinery(driver, started=False) as one:
        webhook = await one.register(receiver.url)
        sender = HttpWebhookSender(one.services.get_service(WebhookSecrets), AddressPolicy(), one.clock, 0.3)
        sent = await sender.send_async(webhook.webhook_id, receiver.url, "m", b"{}")
        assert (sent.delivered, sent.status) == (False, None)
        assert 250 < sent.duration_ms < 14_000, "not after the usual 15 s"
        await sender.close_async()


async def test_a_huge_an_endless_and_a_compressed_answer_are_judged_by_their_status(
    driver: MongoDriver, receiver: Receiver
) -> None:
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url)
        receiver.answers(200, body=b"x" * 50_000_000)
        assert (await ping(one, webhook.webhook_id)).delivered
        receiver.answers(200, headers={"content-encoding": "gzip"}, body=b"no gzip at all")
        assert (await ping(one, webhook.webhook_id)).delivered
        receiver.answers(200, headers={"content-length": "1000000"}, body=b"only the beginning")
        assert (await ping(one, webhook.webhook_id)).delivered
        receiver.answers(200, body=b"\x00\xff\x1b[31m" + b"y" * 5000)
        await one.happen("w1.l1", 1)

        async def arrived() -> bool:
            return [delivery.status for delivery in await one.deliveries(webhook)] == [DeliveryStatus.DELIVERED]

        await eventually(arrived)
        [delivery] = await one.deliveries(webhook)
        assert delivery.last_answer is not None
        assert len(delivery.last_answer) == 1024
        assert "\x1b" not in delivery.last_answer
        assert "\x00" not in delivery.last_answer


FORBIDDEN = [
    "http://169.254.169.254/latest/meta-data",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://[fe80::1]/",
    "http://metadata.example.org/",
    "http://100.100.100.200/",
    "http://0.0.0.0/",
]


async def _resolve(host: str, port: int) -> list[str]:
    return ["169.254.169.254"] if host == "metadata.example.org" else await resolve_async(host, port)


@pytest.mark.parametrize("url", FORBIDDEN)
async def test_a_forbidden_address_is_refused_at_registration(driver: MongoDriver, url: str) -> None:
    async with machinery(driver, policy=AddressPolicy(resolve=_resolve), started=False) as one:
        command = RegisterWebhookCommand(url=url, event_types=("*",), secret=SECRET)
        result = await one.mediator.execute_async(command)
        assert result.status == 422
        assert await one.context.log.head_async() == 0
        assert await driver.collection("credentials").count_documents({}) == 0


async def test_a_name_that_turns_to_a_forbidden_address_later_is_not_called(
    driver: MongoDriver, receiver: Receiver
) -> None:
    addresses = ["127.0.0.1"]

    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    async with machinery(driver, policy=AddressPolicy(resolve=resolve), started=False) as one:
        webhook = await one.register(receiver.url.replace("127.0.0.1", "hooks.example.org"))
        addresses[:] = ["169.254.169.254"]
        answer = await ping(one, webhook.webhook_id)
        assert (answer.delivered, answer.status) == (False, None)
        assert "link-local" in answer.error
        addresses[:] = ["127.0.0.1"]
        assert (await ping(one, webhook.webhook_id)).delivered


@pytest.mark.parametrize("secret", [SECRET, PLAIN])
async def test_the_secret_is_in_no_document_no_log_and_no_view(
    driver: MongoDriver, receiver: Receiver, secret: str, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.answers(500, 200, body=f"your secret is {secret} or {secret.removeprefix('whsec_')}".encode())
    async with machinery(driver) as one:
        webhook = await one.register(receiver.url, secret=secret)
        await one.change(webhook, secret=secret, event_types=("*",))
        await one.happen("w1.l1", 1)

        async def arrived() -> bool:
            return [delivery.status for delivery in await one.deliveries(webhook)] == [DeliveryStatus.DELIVERED]

        await eventually(arrived)
        stored = ""
        for name in await driver.list_collections_async():
            for document in await driver.collection(name).find({}).to_list(None):
                stored += json_util.dumps(document) + repr(document)
        views = repr(webhook) + repr(await one.deliveries(webhook))
    output = capsys.readouterr()
    everything = stored + views + caplog.text + output.out + output.err
    assert "[secret]" in everything
    for hidden in (secret, secret.removeprefix("whsec_")):
        assert hidden not in everything


async def test_a_secret_that_was_lost_is_a_failed_try_with_its_reason(driver: MongoDriver, receiver: Receiver) -> None:
    async with machinery(driver, started=False) as one:
        webhook = await one.register(receiver.url)
        await driver.collection("credentials").update_many({}, {"$set": {"sealed": b"damaged"}})
        assert "cannot be decrypted" in (await ping(one, webhook.webhook_id)).error
        await driver.collection("credentials").delete_many({})
        assert "no secret" in (await ping(one, webhook.webhook_id)).error
        assert receiver.received == []
