"""After a whole run no secret stands anywhere in plain text: not in the database, logs, spans or answers."""

import logging
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.kernel.authorization import Role
from integration.telemetry.telemetry import Telemetry
from tests.support.cml import CmlSimulator, a_lab
from tests.support.mongo import LocalMongod
from tests.support.served import API, Keeper, MovableClock, assert_problem, eventually, served

PASSWORD = "Zebra-worker-password-4711"
NEW_PASSWORD = "Yak-replaced-password-4712"
WEBHOOK_SECRET = "whsec_V29tYmF0LXdlYmhvb2stc2VjcmV0LTQ3MTMtbG9uZw=="


def everything_in(mongod: LocalMongod, database: str) -> str:
    with mongod.client() as client:
        store = client[database]
        return "\n".join(repr(document) for name in store.list_collection_names() for document in store[name].find({}))


def test_no_secret_is_left_anywhere(
    shared_mongod: LocalMongod, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    exporter = InMemorySpanExporter()
    telemetry = Telemetry("test")
    telemetry.start()
    telemetry.export_spans_to(exporter)
    answers: list[str] = []
    clock = MovableClock()

    def note(response: Any) -> None:
        response.read()
        answers.append(f"{response.headers} {response.text}")

    with (
        CmlSimulator(username="zookeeper", password=PASSWORD) as cml,
        served(shared_mongod, tmp_path, telemetry=telemetry, clock=clock) as app,
    ):
        keeper = Keeper(app, cml, clock)
        cml.set_labs([a_lab(1), a_lab(2)])
        tokens = [app.running.token(role) for role in Role]
        keeper.http = app.client_with(tokens[-1], event_hooks={"response": [note]})
        worker = keeper.register(username="zookeeper", password=PASSWORD)
        keyed = {"Idempotency-Key": "with-a-password"}
        body = keeper.body(name="keyed", username="zookeeper", password=PASSWORD, active=False)
        assert keeper.http.post(f"{API}/workers/region/x/workers", json=body, headers=keyed).status_code == 201
        assert_problem(keeper.http.post(f"{API}/workers/region/x/workers", json={**body, "passwort": PASSWORD}), 422)
        assert_problem(keeper.http.post(f"{API}/workers/region/x/workers", json={**body, "password": [PASSWORD]}), 422)
        worker.refreshed()
        assert keeper.http.patch(worker.path, json={"password": NEW_PASSWORD}).status_code == 200
        assert_problem(worker.refresh(), 502)
        cml.set_faults({"kind": "html"})
        worker.refresh()
        cml.set_faults({"kind": "drop_connection"})
        worker.refresh()
        cml.set_faults()
        webhook = {"url": "http://127.0.0.1:9/hook", "event_types": ["labs.*"], "secret": WEBHOOK_SECRET}
        registered = keeper.http.post(f"{API}/webhooks", json=webhook)
        if registered.status_code != 404:
            assert registered.status_code == 201, registered.text
            keeper.http.get(registered.headers["location"])
            keeper.http.post(registered.headers["location"] + "/ping")
        for path in ("/labs", "/jobs", "/jobs/labs-refresh/runs", "/subscriptions", "/read-models", "/webhooks"):
            keeper.http.get(API + path)
        keeper.http.get(worker.path + "/labs")
        keeper.http.get(f"{API}/labs/{worker.record_id(1)}/history")
        with app.client_with("Forged-token-4714.x.y") as stranger:
            assert_problem(stranger.get(f"{API}/labs"), 401)
        eventually(exporter.get_finished_spans, "spans were exported")
        stored = everything_in(shared_mongod, app.database)
        jwt_secret = app.running.secrets.jwt_secret.decode("latin-1")
        keeper.http.close()
    out, err = capfd.readouterr()
    logged = caplog.text + out + err
    spans = "\n".join(span.to_json() for span in exporter.get_finished_spans())
    server_files = "\n".join(found.read_text("latin-1") for found in tmp_path.rglob("server*.json"))
    places = {"database": stored, "logs": logged, "spans": spans, "answers": "\n".join(answers), "files": server_files}
    secrets = {
        "password": PASSWORD,
        "new password": NEW_PASSWORD,
        "webhook secret": WEBHOOK_SECRET.removeprefix("whsec_"),
        "jwt secret": jwt_secret,
        "forged token": "Forged-token-4714",
        **{f"token {number}": token for number, token in enumerate(tokens)},
    }
    assert "cml-1" in stored
    assert spans
    leaks = [(place, name) for place, text in places.items() for name, secret in secrets.items() if secret in text]
    assert leaks == []
