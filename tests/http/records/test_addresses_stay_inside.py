"""Where another system is concerns nobody who calls us: its name and what was asked of it does."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from application.kernel.credentials import Credentials, CredentialStore
from application.records.chatbots import ChatbotsFailedError
from domain.kernel.errors import UnavailableError
from integration.records.ocs_chatbots import OcsChatbots
from tests.http.access.people import Installation, installed
from tests.support.command_line import wait_until
from tests.support.connect import ConnectSimulator, _module_connect, connect, connect_factory
from tests.support.mongo import LocalMongod
from tests.support.wire_server import answering, http

__all__ = ["_module_connect", "connect", "connect_factory"]

RECORD = {"experiment": "tasks", "type": "Task", "opportunity_id": 814, "data": {"title": "Call"}}
READS = (
    "/api/v1/records?opportunity_id=814",
    "/api/v1/tasks?opportunity_id=814",
    "/api/v1/records/1",
    "/export/labs_record/?opportunity_id=814",
    "/export/opportunity/814/",
)
FAULTS: list[dict[str, Any]] = [
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 418},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 302},
    {"kind": "status", "status": 401},
    {"kind": "html"},
    {"kind": "wrong_json"},
    {"kind": "truncated"},
    {"kind": "drop_before"},
    {"kind": "drop_after"},
    {"kind": "foreign_next"},
]


@pytest.fixture(scope="module")
def remote(
    shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, _module_connect: ConnectSimulator
) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("addresses")
    with installed(shared_mongod, folder, _module_connect, repository="remote") as found:
        yield found


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: "-".join(str(one) for one in fault.values()))
def test_no_caller_learns_where_connect_is_and_the_log_does(
    remote: Installation, connect: ConnectSimulator, fault: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="labkeeper.connect")
    asha = remote.logged_in("asha")
    asha.headers["Origin"] = remote.app.url
    assert wait_until(lambda: asha.get(READS[0]).status_code == 200), "it is asked again"
    connect.set_faults({"path": "/export/*", **fault})
    answers = [asha.get(path) for path in (*READS, "/auth/me")]
    for path in ("/api/v1/records", "/api/v1/tasks", "/export/labs_record/"):
        body: Any = {"opportunity_id": 814, "title": "Call"} if path.endswith("tasks") else RECORD
        answers.append(asha.post(path, json=[body] if path.startswith("/export") else body))
    connect.set_faults()
    told = "\n".join(f"{one.status_code} {one.headers} {one.text}" for one in answers)
    for address in (str(connect.port), "evil.example", "http://127"):
        assert address not in told.replace(remote.app.url, ""), told
    if fault.get("status") == 401 or fault["kind"] == "foreign_next":
        return
    assert "CommCare Connect (/export/" in told
    if fault["kind"] in ("status", "drop_before", "drop_after"):
        assert f"{connect.url}/export/" in caplog.text


class OneKey(CredentialStore):
    """Holds one key for everybody."""

    async def put_async(self, owner_id: str, credentials: Credentials) -> None:
        raise NotImplementedError

    async def get_async(self, owner_id: str) -> Credentials | None:
        return Credentials("", "key")

    async def remove_async(self, owner_id: str) -> None:
        raise NotImplementedError


@pytest.mark.parametrize(
    "answer",
    [
        http(b"<html>"),
        http(b"[1]"),
        http(b"{}", "200 OK", "content-encoding: gzip"),
        http(b"", "302 Found", "location: http://evil.example/"),
        http(b"", "500 Internal Server Error"),
        http(b"", "418 I'm a teapot"),
        b"no HTTP\r\n\r\n",
    ],
)
async def test_no_caller_learns_where_open_chat_studio_is(answer: bytes) -> None:
    async with answering(answer) as server:
        bots = OcsChatbots(server.url, OneKey())
        for asking in (bots.latest_sessions_async("bot"), bots.transcript_async("session")):
            with pytest.raises((ChatbotsFailedError, UnavailableError)) as failed:
                await asking
            assert "Open Chat Studio" in str(failed.value)
            assert str(server.port) not in str(failed.value)
            assert "evil" not in str(failed.value)
        await bots.close_async()
