"""Facts about records reach those who may see the record, and webhooks: the whole application in local mode."""

import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from tests.support.listening import listening_with
from tests.support.mongo import LocalMongod
from tests.support.served import API, Served, assert_problem, eventually, served


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(shared_mongod, tmp_path_factory.mktemp("records")) as running:
        yield running


def made(client: httpx.Client, path: str, **body: Any) -> Any:
    answer = client.post(API + path, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


class Person:
    """Somebody with an organisation and an opportunity of their own."""

    def __init__(self, app: Served) -> None:
        admin = app.client(Role.ADMIN)
        self.name = f"person-{uuid.uuid4().hex[:8]}"
        made(admin, "/users", username=self.name)
        organization = made(admin, "/organizations", slug=f"o-{self.name}", name="O")
        slug = organization["slug"]
        self.opportunity = made(admin, f"/organizations/{slug}/opportunities", name="Opp")["id"]
        made(admin, "/memberships", username=self.name, organization=slug)
        secret = app.running.secrets.jwt_secret
        self.token = mint_token(secret, Role.USER, self.name, 3600)
        self.http = app.client_with(self.token)

    def record(self, **fields: Any) -> Any:
        body = {"experiment": "notes", "type": "Note", "opportunity_id": self.opportunity, "data": {"a.b": 1}, **fields}
        return made(self.http, "/records", **body)

    def heard(self, **params: str) -> list[dict[str, Any]]:
        answer = self.http.get(f"{API}/events/stream", params={"from": "start", "until": "now", **params})
        assert answer.status_code == 200, answer.text
        return [orjson.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]


def test_people_hear_of_their_own_records_and_of_public_ones_only(app: Served) -> None:
    asha, ben = Person(app), Person(app)
    own = asha.record(data={"secret": "of asha"})
    public = asha.record(public=True, data={"open": "to all"})
    theirs = ben.record(data={"secret": "of ben"})
    assert asha.http.delete(f"{API}/records/{own['id']}").status_code == 204
    assert_problem(asha.http.get(f"{API}/records/{theirs['id']}"), 404)
    mine = asha.heard(type="records.*")
    assert [(one["subject"], one["type"]) for one in mine if one["subject"] in {str(own["id"]), str(theirs["id"])}] == [
        (str(own["id"]), "records.labs-record-created.v1"),
        (str(own["id"]), "records.labs-record-removed.v1"),
    ]
    assert {one["actor"] for one in mine if one["subject"] == str(own["id"])} == {asha.name}
    heard_by_ben = {one["subject"] for one in ben.heard()}
    assert {str(public["id"]), str(theirs["id"])} <= heard_by_ben
    assert str(own["id"]) not in heard_by_ben


def test_administrators_hear_of_records_by_membership_like_everybody(app: Served) -> None:
    asha = Person(app)
    private, public = asha.record(), asha.record(public=True)
    admin = app.client(Role.ADMIN)
    assert_problem(admin.get(f"{API}/records/{private['id']}"), 404)
    answer = admin.get(f"{API}/events/stream", params={"from": "start", "until": "now", "type": "records.*"})
    heard = {orjson.loads(line[6:])["subject"] for line in answer.text.splitlines() if line.startswith("data: {")}
    assert str(private["id"]) not in heard
    assert str(public["id"]) in heard


def test_an_open_stream_is_silent_about_a_scope_once_its_listener_has_left(app: Served) -> None:
    asha, ben = Person(app), Person(app)
    admin = app.client(Role.ADMIN)
    made(admin, "/memberships", username=ben.name, organization=f"o-{asha.name}")
    with listening_with(app.client_with(ben.token), {"type": "records.*"}) as stream:
        before = asha.record()
        assert [event["data"]["subject"] for event in stream.until(1)] == [str(before["id"])]
        left = admin.delete(f"{API}/memberships/o-{asha.name}/{ben.name}")
        assert left.status_code == 204, left.text
        asha.record()
        own = ben.record()
        assert [event["data"]["subject"] for event in stream.until(2)[1:]] == [str(own["id"])]


def test_webhooks_may_ask_for_records(app: Served) -> None:
    admin = app.client(Role.ADMIN)
    body = {"url": "http://127.0.0.1:9/hook", "event_types": ["records.*", "records.labs-record-changed"]}
    answer = admin.post(f"{API}/webhooks", json=body)
    assert answer.status_code == 201, answer.text
    record = Person(app).record()
    with app.mongod.client() as client:
        deliveries = client[app.database]["webhook_deliveries"]
        eventually(lambda: deliveries.find_one({"subject": str(record["id"])}) is not None, "it was queued")
    admin.delete(f"{API}/webhooks/{answer.json()['webhook_id']}")
    names = [one["name"] for one in admin.get(f"{API}/subscriptions").json()["items"]]
    assert {"webhooks-records", "labs_records"} <= set(names)
