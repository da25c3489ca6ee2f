"""After logins, refreshes and refusals no secret of them stands anywhere in plain text."""

import logging
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from application.contracts.memberships import UpstreamTokens
from integration.telemetry.telemetry import Telemetry
from tests.http.access.people import LOGIN, SESSION, installed, state_of
from tests.http.security.test_secrets_stay_secret import everything_in
from tests.support.connect import ConnectSimulator, query_of
from tests.support.mongo import LocalMongod
from tests.support.served import eventually


def test_no_secret_of_a_login_is_left_anywhere(
    shared_mongod: LocalMongod,
    tmp_path: Path,
    connect: ConnectSimulator,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    exporter = InMemorySpanExporter()
    telemetry = Telemetry("test")
    telemetry.start()
    telemetry.export_spans_to(exporter)
    answers: list[str] = []

    def note(response: Any) -> None:
        response.read()
        headers = [f"{name}: {value}" for name, value in response.headers.items() if name not in _MEANT_FOR_BROWSERS]
        answers.append(f"{headers} {response.text}")

    with installed(shared_mongod, tmp_path, connect, telemetry=telemetry) as here:
        browser = here.browser(event_hooks={"response": [note]})
        asked = here.begun(browser, "/api/v1/labs?x=1")
        secrets = {"state": state_of(asked), "nonce": query_of(asked)["nonce"], "login": browser.cookies[LOGIN]}
        back = here.returned(asked)
        secrets["code"] = query_of(back)["code"]
        browser.get(back)
        secrets["session"] = browser.cookies[SESSION]
        tokens = here.app.service(UpstreamTokens)
        secrets["access token"] = here.app.run(tokens.token_of_async("asha"))
        again = tokens.token_of_async("asha", rejected=secrets["access token"])
        secrets["refreshed token"] = here.app.run(again)
        secrets["bearer"] = connect.token("brian")
        secrets["unknown bearer"] = "Zebra-bearer-4711"
        secrets["client secret"] = here.connect.client_secret
        for name in ("bearer", "unknown bearer"):
            for fault in ((), ({"kind": "html", "path": "/o/introspect/"},)):
                connect.set_faults(*fault)
                browser.get("/auth/me", headers={"Authorization": f"Bearer {secrets[name]}"})
                here.clock.advance(61)
        connect.set_faults()
        browser.get(back)
        for path in ("/auth/me", "/api/v1/labs", "/api/v1/jobs"):
            browser.get(path)
        eventually(exporter.get_finished_spans, "spans were exported")
        stored = everything_in(shared_mongod, here.app.database)
    out, err = capfd.readouterr()
    places = {
        "database": stored,
        "logs": caplog.text + out + err,
        "spans": "\n".join(span.to_json() for span in exporter.get_finished_spans()),
        "answers": "\n".join(answers),
    }
    assert "asha" in stored
    assert all(len(secret) > 10 for secret in secrets.values())
    leaks = [(place, name) for place, text in places.items() for name, secret in secrets.items() if secret in text]
    assert leaks == []


_MEANT_FOR_BROWSERS = ("set-cookie", "location")
