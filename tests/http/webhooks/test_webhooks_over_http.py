"""The webhooks resource: who may, what is answered, and what bad input gets."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from bson import json_util
from fastapi import FastAPI

from api.kernel.authorization import Role, routes_with_access
from application.kernel.addresses import OutboundAddresses
from application.kernel.cloud_events import CloudEvents
from application.kernel.leases import Leases
from domain.kernel.clock import Clock, SystemClock
from integration.http.address_policy import AddressPolicy
from integration.http.outbound_addresses import PolicedOutboundAddresses
from integration.mongo.coordination.leases import MongoLeases
from integration.mongo.credential_store import EncryptedCredentialStore
from integration.mongo.driver import MongoDriver
from integration.mongo.idempotency_keys import MongoIdempotencyKeys
from integration.webhooks.wiring import register_webhooks
from tests.http.kernel.toy import bearer, client_of, toy_app
from tests.support.webhooks import FERNET_KEY, SECRET, receiving

BODY = {"url": "http://127.0.0.1:9/hook", "event_types": ["labs.*"], "secret": SECRET}
PATH = "/api/v1/webhooks"


@pytest_asyncio.fixture
async def app(driver: MongoDriver) -> AsyncIterator[FastAPI]:
    clock, policy = SystemClock(), AddressPolicy()
    contexts = []

    def configure(builder: Any) -> None:
        builder.services.add_singleton(Clock, singleton=clock)
        builder.services.add_singleton(Leases, singleton=MongoLeases(driver))
        builder.services.add_singleton(OutboundAddresses, singleton=PolicedOutboundAddresses(policy))
        builder.services.add_singleton(CloudEvents, singleton=CloudEvents())
        credentials = EncryptedCredentialStore(driver, [FERNET_KEY])
        contexts.append(
            register_webhooks(
                builder.services, driver=driver, clock=clock, credentials=credentials, policy=policy, logs=[]
            )
        )
        builder.add_controllers(["api.webhooks"])

    built = toy_app(keys=MongoIdempotencyKeys(driver), configure=configure, max_body_bytes=100_000)
    [context] = contexts
    await context.prepare_async()
    yield built
    await context.close_async()


@pytest_asyncio.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as one:
        one.headers.update(bearer(Role.ADMIN))
        yield one


async def test_a_webhook_is_registered_read_changed_and_removed(client: httpx.AsyncClient) -> None:
    made = await client.post(PATH, json=BODY)
    assert made.status_code == 201
    webhook = made.json()
    where = f"{PATH}/{webhook['webhook_id']}"
    assert (made.headers["location"], made.headers["etag"]) == (where, '"1"')
    assert "secret" not in webhook
    assert (webhook["url"], webhook["event_types"], webhook["active"]) == (BODY["url"], ["labs.*"], True)

    read = await client.get(where)
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, webhook, '"1"')
    assert (await client.get(where, headers={"If-None-Match": '"1"'})).status_code == 304
    assert (await client.get(PATH)).json() == {"items": [webhook], "next_cursor": None}

    changed = await client.patch(where, json={"active": False}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["active"], changed.headers["etag"]) == (200, False, '"2"')
    assert changed.json()["event_types"] == ["labs.*"]
    stale = await client.patch(where, json={"active": True}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    replaced = await client.patch(where, json={"secret": "another secret, long enough"})
    assert (replaced.status_code, replaced.headers["etag"]) == (200, '"3"')
    assert (await client.patch(where, json={})).headers["etag"] == '"3"'

    assert (await client.delete(where, headers={"If-Match": '"1"'})).status_code == 412
    assert (await client.delete(where)).status_code == 204
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/deliveries"), ("POST", "/ping")):
        answer = await client.request(method, where + path, json={} if method == "PATCH" else None)
        assert answer.status_code == 404, (method, path)
    assert (await client.get(PATH)).json()["items"] == []


async def test_a_secret_that_was_made_is_shown_once_and_stored_nowhere_in_clear(
    client: httpx.AsyncClient, driver: MongoDriver
) -> None:
    body = {"url": BODY["url"], "event_types": ["*"]}
    made = await client.post(PATH, json=body, headers={"Idempotency-Key": "k1"})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    again = await client.post(PATH, json=body, headers={"Idempotency-Key": "k1"})
    assert again.json() == made.json()
    other = await client.post(PATH, json={**body, "event_types": ["labs.*"]}, headers={"Idempotency-Key": "k1"})
    assert other.status_code == 409
    where = made.headers["location"]
    answers = [await client.get(PATH), await client.get(where), await client.patch(where, json={"active": False})]
    assert all("secret" not in answer.text for answer in answers)
    stored = ""
    for name in await driver.list_collections_async():
        for document in await driver.collection(name).find({}).to_list(None):
            stored += json_util.dumps(document) + repr(document)
    assert secret not in stored
    assert secret.removeprefix("whsec_") not in stored


async def test_a_ping_answers_what_the_receiver_said(client: httpx.AsyncClient) -> None:
    async with receiving() as receiver:
        made = await client.post(PATH, json={**BODY, "url": receiver.url})
        answer = await client.post(made.headers["location"] + "/ping")
        assert answer.status_code == 200
        assert answer.json() == {
            "delivered": True,
            "status": 204,
            "duration_ms": answer.json()["duration_ms"],
            "error": None,
        }
        receiver.answers(503)
        answer = await client.post(made.headers["location"] + "/ping")
        assert (answer.status_code, answer.json()["delivered"], answer.json()["status"]) == (200, False, 503)
    answer = await client.post(made.headers["location"] + "/ping")
    assert (answer.status_code, answer.json()["delivered"], answer.json()["status"]) == (200, False, None)


async def test_lists_are_paged(client: httpx.AsyncClient) -> None:
    made = [(await client.post(PATH, json=BODY)).json()["webhook_id"] for _ in range(5)]
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = (await client.get(PATH, params=query)).json()
        seen += [item["webhook_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert len(seen) == 5
    where = f"{PATH}/{made[0]}/deliveries"
    assert (await client.get(where, params={"status": "parked"})).json() == {"items": [], "next_cursor": None}
    for query in ({"status": "lost"}, {"limit": "0"}, {"limit": "201"}, {"cursor": "x"}, {"status[$ne]": "parked"}):
        assert (await client.get(where, params=query)).status_code == 422, query
    assert (await client.post(where + "/unknown/retry")).status_code == 404
    assert (await client.get(where + "/unknown")).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "ftp://example.org"},
        {"url": "http://169.254.169.254/latest/meta-data"},
        {"url": "http://[::ffff:169.254.169.254]/"},
        {"url": "http://ann:pw@127.0.0.1/"},
        {"url": "http://127.0.0.1/#x"},
        {"url": "http://127.0.0.1/" + "x" * 2048},
        {"url": 5},
        {"url": None},
        {"event_types": []},
        {"event_types": ["labs"]},
        {"event_types": ["labs.*"] * 51},
        {"event_types": "labs.*"},
        {"event_types": [5]},
        {"event_types": {"$ne": 1}},
        {"secret": "too short"},
        {"secret": "whsec_AAAA"},
        {"secret": "whsec_" + "!" * 40},
        {"active": "yes"},
        {"colour": "blue"},
    ],
)
async def test_bad_input_is_422_and_stores_nothing(
    client: httpx.AsyncClient, driver: MongoDriver, wrong: dict[str, Any]
) -> None:
    answer = await client.post(PATH, json={**BODY, **wrong})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["field"].split(".")[0] in wrong
    for collection in ("webhooks_commits", "credentials"):
        assert await driver.collection(collection).count_documents({}) == 0


async def test_a_change_is_checked_like_a_registration(client: httpx.AsyncClient) -> None:
    where = (await client.post(PATH, json=BODY)).headers["location"]
    for wrong in ({"url": "http://169.254.169.254/"}, {"url": None}, {"secret": "short"}, {"active": None}, {"x": 1}):
        assert (await client.patch(where, json=wrong)).status_code == 422, wrong
    assert (await client.get(where)).headers["etag"] == '"1"'


async def test_only_administrators_get_in(app: FastAPI, client: httpx.AsyncClient) -> None:
    where = (await client.post(PATH, json=BODY)).headers["location"]
    routes = [(method, path) for method, path, _ in routes_with_access(app) if path.startswith(PATH)]
    assert len(routes) == 9
    async with client_of(app) as anybody:
        for method, path in routes:
            url = path.replace("{webhook_id}", where.rpartition("/")[2]).replace("{delivery_id}", "d")
            assert (await anybody.request(method, url)).status_code == 401
            for role in (Role.USER, Role.MANAGER):
                assert (await anybody.request(method, url, headers=bearer(role))).status_code == 403, (
                    method,
                    path,
                    role,
                )


async def test_the_description_shows_shapes_and_examples(client: httpx.AsyncClient) -> None:
    document = (await client.get("/api/v1/openapi.json")).json()
    schemas = document["components"]["schemas"]
    assert "secret" not in schemas["WebhookAnswer"]["properties"]
    for name in ("RegisterWebhookBody", "ChangeWebhookBody", "WebhookAnswer", "DeliveryAnswer", "PingAnswer"):
        assert schemas[name]["examples"], name
    answer = document["paths"][PATH]["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/RegisteredWebhookAnswer"}
