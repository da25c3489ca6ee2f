"""Bots that talk to workers: started from a task, linked to it, read in it; and what goes wrong over there."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from api.kernel.authorization import Role
from application.kernel.credentials import CredentialStore
from application.records.chatbots import Chatbots
from integration.mongo.driver import MongoDriver
from integration.records.ocs_chatbots import OcsChatbots
from tests.http.kernel.toy import bearer
from tests.support.ocs import KEY, OcsSimulator
from tests.support.served import assert_problem

BOT = "0b6f2f0c-5f3b-4e0a-9a51-0d6a8e1f7c11"
ASK = {"experiment": BOT, "prompt_text": "Ask about the last visit."}
TASK = {"title": "Call the worker", "username": "worker_12", "opportunity_id": 814}
KEY_PATH = "/api/v1/chatbots/key"


@pytest.fixture
def ocs() -> Iterator[OcsSimulator]:
    with OcsSimulator() as one:
        yield one


@pytest.fixture
def chatbots(credentials: CredentialStore, ocs: OcsSimulator) -> Chatbots:
    return OcsChatbots(ocs.url, credentials)


@pytest.fixture
async def where(asha: httpx.AsyncClient) -> str:
    """A task, with the key to the bots set."""
    made = await asha.post("/api/v1/tasks", json=TASK)
    key = await asha.put(KEY_PATH, json={"api_key": KEY}, headers=bearer(Role.ADMIN, "root"))
    assert (made.status_code, key.status_code) == (201, 204)
    return made.headers["location"]


async def chats(client: httpx.AsyncClient, where: str) -> list[dict[str, Any]]:
    answer = await client.get(f"{where}/ai/sessions")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_bot_is_asked_and_its_words_are_read(asha: httpx.AsyncClient, ocs: OcsSimulator, where: str) -> None:
    started = await asha.post(f"{where}/ai/initiate", json=ASK)
    assert (started.status_code, started.json()["status"]) == (201, "active")
    [asked] = ocs.triggers()
    task_id = where.rpartition("/")[2]
    assert asked == {
        "identifier": "worker_12",
        "platform": "commcare_connect",
        "experiment": BOT,
        "prompt_text": "Ask about the last visit.",
        "start_new_session": True,
        "session_data": {
            "task_id": task_id,
            "opportunity_id": "814",
            "username": "worker_12",
            "created_by": "asha",
        },
        "participant_data": {"name": "worker_12"},
    }
    assert await chats(asha, where) == [started.json()]
    transcript = (await asha.get(f"{where}/ai/transcript")).json()
    assert transcript["session_id"] == started.json()["session_id"]
    assert [message["role"] for message in transcript["messages"]] == ["assistant", "user"]
    events = (await asha.get(f"{where}/events")).json()["items"]
    assert [event["event_type"] for event in events] == ["created", "ai_session"]
    assert "ai_requested" not in (await asha.get(f"/api/v1/records/{task_id}")).json()["data"]


async def test_a_session_that_was_not_told_is_found_later(
    asha: httpx.AsyncClient, ocs: OcsSimulator, where: str
) -> None:
    before = ocs.begin("worker_12", BOT)
    ocs.behaves(answers_empty=True)
    started = await asha.post(f"{where}/ai/initiate", json=ASK)
    assert (started.status_code, started.json()["status"], started.json()["session_id"]) == (201, "pending", None)
    assert_problem(await asha.get(f"{where}/ai/transcript"), 404, "not-found")
    [found] = await chats(asha, where)
    assert found["status"] == "active"
    assert found["session_id"] not in (None, before)
    assert await chats(asha, where) == [found]
    assert (await asha.get(f"{where}/ai/transcript")).json()["session_id"] == found["session_id"]


async def test_among_the_last_five_sessions_only(asha: httpx.AsyncClient, ocs: OcsSimulator, where: str) -> None:
    ocs.behaves(answers_empty=True)
    await asha.post(f"{where}/ai/initiate", json=ASK)
    ocs.behaves()
    for number in range(5):
        ocs.begin(f"other_{number}", BOT)
    [only] = await chats(asha, where)
    assert (only["status"], only["session_id"]) == ("pending", None)


async def test_a_worker_who_has_not_agreed_is_left_alone(
    asha: httpx.AsyncClient, ocs: OcsSimulator, where: str
) -> None:
    ocs.behaves(without_consent=["worker_12"])
    assert_problem(await asha.post(f"{where}/ai/initiate", json=ASK), 409, "no-consent")
    [failed] = await chats(asha, where)
    assert (failed["status"], "not agreed" in failed["reason"]) == ("failed", True)


async def test_bots_that_are_asked_too_often_say_when_to_come_back(
    asha: httpx.AsyncClient, ocs: OcsSimulator, where: str
) -> None:
    ocs.behaves(limited_for_seconds=37)
    refused = await asha.post(f"{where}/ai/initiate", json=ASK)
    assert_problem(refused, 503, "unavailable")
    assert refused.headers["retry-after"] == "37"
    assert ocs.triggers() == []


async def test_an_outage_over_there_is_told_and_keeps_no_task_from_being_read(
    asha: httpx.AsyncClient, ocs: OcsSimulator, where: str
) -> None:
    ocs.behaves(status=500)
    assert_problem(await asha.post(f"{where}/ai/initiate", json=ASK), 503, "unavailable")
    ocs.kill()
    assert_problem(await asha.post(f"{where}/ai/initiate", json=ASK), 503, "unavailable")
    assert [one["event_type"] for one in (await asha.get(where)).json()["events"]] == ["created", *["ai_session"] * 2]
    listed = await asha.get(f"{where}/ai/sessions")
    assert (listed.status_code, [one["status"] for one in listed.json()["items"]]) == (200, ["pending"] * 2)
    assert "Open Chat Studio gives no answer" in listed.json()["not_looked_up"]


async def test_without_a_key_or_with_a_wrong_one(asha: httpx.AsyncClient, ocs: OcsSimulator, where: str) -> None:
    admin = bearer(Role.ADMIN, "root")
    assert (await asha.put(KEY_PATH, json={"api_key": "wrong"})).status_code == 403
    await asha.put(KEY_PATH, json={"api_key": "wrong"}, headers=admin)
    refused = await asha.post(f"{where}/ai/initiate", json=ASK)
    assert_problem(refused, 502, "upstream-failed")
    assert "wrong" not in refused.text
    await asha.put(KEY_PATH, json={"api_key": None}, headers=admin)
    before = (await asha.get(where)).json()
    assert_problem(await asha.post(f"{where}/ai/initiate", json=ASK), 409, "chatbots-not-set-up")
    assert (await asha.get(where)).json() == before, "nothing was asked, so there is nothing to tell"
    told = (await asha.get(f"{where}/ai/sessions")).json()
    assert ([one["status"] for one in told["items"]], told["not_looked_up"]) == (["failed"], None)


async def test_a_bot_that_nobody_knows_is_refused_and_there_is_a_list_of_them(
    asha: httpx.AsyncClient, ocs: OcsSimulator, where: str
) -> None:
    unknown = await asha.post(f"{where}/ai/initiate", json={**ASK, "experiment": "unknown"})
    assert "No Experiment" in assert_problem(unknown, 409, "chatbot-refused")["detail"]
    assert BOT in [one["id"] for one in ocs.bots()]


async def test_what_is_cut_short_while_a_bot_is_asked_is_told(asha: httpx.AsyncClient, where: str) -> None:
    record = f"/api/v1/records/{where.rpartition('/')[2]}"
    data = (await asha.get(record)).json()["data"]
    entry = {"chat_id": "c1", "experiment": BOT, "actor": "asha", "timestamp": "2026-03-01T12:00:00Z"}
    assert (await asha.patch(record, json={"data": {**data, "ai_requested": [entry]}})).status_code == 200
    assert [(one["chat_id"], one["status"]) for one in await chats(asha, where)] == [("c1", "requested")]
    assert (await asha.post(f"{where}/ai/initiate", json=ASK)).status_code == 201
    assert [one["status"] for one in await chats(asha, where)] == ["active", "requested"]


async def test_the_key_is_stored_nowhere_in_clear(where: str, driver: MongoDriver) -> None:
    stored = ""
    for name in await driver.list_collections_async():
        for document in await driver.collection(name).find({}).to_list(None):
            stored += repr(document)
    assert KEY not in stored


async def test_a_session_is_linked_only_if_it_is_the_workers(
    asha: httpx.AsyncClient, ocs: OcsSimulator, where: str
) -> None:
    theirs, other = ocs.begin("worker_12", BOT), ocs.begin("worker_13", BOT)
    linked = await asha.post(f"{where}/ai/sessions", json={"session_id": theirs})
    assert (linked.status_code, [one["session_id"] for one in linked.json()["items"]]) == (201, [theirs])
    again = await asha.post(f"{where}/ai/sessions", json={"session_id": theirs})
    assert again.json() == linked.json()
    for wrong in (other, "none"):
        assert_problem(await asha.post(f"{where}/ai/sessions", json={"session_id": wrong}), 422, "invalid-value")
    assert_problem(await asha.get(f"{where}/ai/transcript", params={"session_id": other}), 404, "not-found")
    # Whoever writes somebody else's session into the task does not get to read it either.
    record = f"/api/v1/records/{where.rpartition('/')[2]}"
    data = (await asha.get(record)).json()["data"]
    data["events"].append({"event_type": "ai_session", "session_id": other})
    assert (await asha.patch(record, json={"data": data})).status_code == 200
    assert_problem(await asha.get(f"{where}/ai/transcript"), 404, "not-found")
    assert (await asha.get(f"{where}/ai/transcript", params={"session_id": theirs})).status_code == 200


async def test_what_is_not_theirs_is_not_there(boris: httpx.AsyncClient, ocs: OcsSimulator, where: str) -> None:
    assert (await boris.post(f"{where}/ai/initiate", json=ASK)).status_code == 404
    assert (await boris.get(f"{where}/ai/sessions")).status_code == 404
    assert (await boris.post(f"{where}/ai/sessions", json={"session_id": "x"})).status_code == 404
    assert (await boris.get(f"{where}/ai/transcript")).status_code == 404
    assert ocs.triggers() == []


async def test_a_request_sent_again_under_its_key_does_not_talk_twice(
    asha: httpx.AsyncClient, ocs: OcsSimulator, where: str
) -> None:
    for _ in range(2):
        await asha.post(f"{where}/ai/initiate", json=ASK, headers={"Idempotency-Key": "once"})
    assert len(ocs.triggers()) == 1
