"""Lists in pages: every link is followed, but not everywhere."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from application.records.opportunities import OPPORTUNITY_KEYS
from integration.connect.connect_api import ConnectApi
from integration.connect.connect_exports import ConnectExports
from integration.connect.connect_paging import next_target, pages_async
from integration.connect.errors import ConnectNotFoundError, UnusableAnswerError
from integration.records.connect_opportunities import ConnectOpportunities
from tests.support.certificates import self_signed
from tests.support.connect import ConnectFactory, ConnectSimulator
from tests.support.remote_records import GivenTokens, RemoteStore

VISITS = "/export/opportunity/814/user_visits/"


def api(store: RemoteStore) -> ConnectApi:
    assert store.api is not None
    return store.api


async def ids_of(opened: ConnectApi, path: str = VISITS, **params: str) -> list[int]:
    return [row["id"] async for page in pages_async(opened, "asha", path, params) for row in page]


async def test_all_pages_are_read_in_order(connect: ConnectSimulator, store: RemoteStore) -> None:
    ids = await ids_of(api(store), page_size="7")
    assert ids == list(range(81_400_001, 81_400_031))
    assert connect.calls()[f"GET {VISITS}"] == 5


async def test_a_foreign_opportunity_is_not_there(store: RemoteStore) -> None:
    with pytest.raises(ConnectNotFoundError):
        await ids_of(api(store), "/export/opportunity/901/user_visits/")


@pytest.mark.parametrize(
    ("kind", "told"), [("foreign_next", "another host"), ("looping_next", "circle"), ("truncated", "not JSON")]
)
async def test_a_link_that_makes_no_sense_is_no_answer(
    connect: ConnectSimulator, store: RemoteStore, kind: str, told: str
) -> None:
    connect.set_faults({"kind": kind, "path": VISITS})
    with pytest.raises(UnusableAnswerError, match=told):
        await ids_of(api(store), page_size="7")


@pytest.mark.parametrize(
    "body", ["{}", "[]", '{"next": null}', '{"next": 5, "results": []}', '{"next":null,"results":[1]}']
)
async def test_what_is_no_page_is_no_answer(connect: ConnectSimulator, store: RemoteStore, body: str) -> None:
    connect.set_faults({"kind": "wrong_json", "path": VISITS, "body": body})
    with pytest.raises(UnusableAnswerError, match="no page"):
        await ids_of(api(store))


async def test_a_link_to_http_is_followed_by_https(connect_factory: ConnectFactory, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path, "127.0.0.1")
    connect = connect_factory(tls_cert=certificate.certificate, tls_key=certificate.key)
    connect.set_faults({"kind": "http_next", "path": VISITS})
    opened = ConnectApi(connect.url, GivenTokens(connect), verify_tls=False)
    try:
        assert len(await ids_of(opened, page_size="7")) == 30
    finally:
        await opened.close_async()


@pytest.mark.parametrize(
    ("server", "link", "followed"),
    [
        ("https://c.example", "https://c.example/x/?last_id=5", "https://c.example/x/?last_id=5"),
        ("https://c.example", "http://c.example/x/?last_id=5", "https://c.example/x/?last_id=5"),
        ("https://c.example:8443", "http://c.example/x/", "https://c.example:8443/x/"),
        ("http://c.example:80", "http://c.example/x/", "http://c.example/x/"),
    ],
)
def test_the_token_goes_to_the_server_itself(server: str, link: str, followed: str) -> None:
    assert next_target(httpx.URL(server), link) == followed


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/x/",
        "https://c.example.evil.example/x/",
        "https://c.example@evil.example/x/",
        "https://user:pw@c.example/x/",
        "https://c.example:444/x/",
        "http://c.example:8080/x/",
        "ftp://c.example/x/",
        "//evil.example/x",
        "/x/?last_id=5",
        "http://[",
    ],
)
def test_the_token_goes_nowhere_else(link: str) -> None:
    with pytest.raises(UnusableAnswerError):
        next_target(httpx.URL("https://c.example"), link)


async def rows(exports: ConnectExports, name: str, **params: str) -> list[dict[str, Any]]:
    return [row async for several in exports.rows_async("asha", 814, name, params) for row in several]


@pytest.mark.parametrize(
    ("name", "params"), [("user_visits", {"images": "true"}), ("user_data", {}), ("completed_module", {})]
)
async def test_csv_of_an_older_server_says_the_same(
    connect: ConnectSimulator, store: RemoteStore, name: str, params: dict[str, str]
) -> None:
    newer = await rows(ConnectExports(api(store)), name, **params)
    connect.set_faults({"kind": "v1_only", "path": "/export/opportunity/*"})
    older = await rows(ConnectExports(api(store)), name, **params)
    assert newer == older
    assert newer


async def test_an_older_server_is_asked_for_pages_only_once(connect: ConnectSimulator, store: RemoteStore) -> None:
    connect.set_faults({"kind": "v1_only", "path": "/export/opportunity/*"})
    exports = ConnectExports(api(store))
    await rows(exports, "user_data")
    await rows(exports, "user_data")
    assert connect.calls()["GET /export/opportunity/814/user_data/"] == 3


async def test_an_opportunity_is_described_or_not_there(store: RemoteStore) -> None:
    exports = ConnectExports(api(store))
    described = await exports.opportunity_async("asha", 814)
    assert described is not None
    assert described["organization"] == "lwala"
    assert await exports.opportunity_async("asha", 901) is None


async def test_the_details_of_an_opportunity_have_all_keys(connect: ConnectSimulator, store: RemoteStore) -> None:
    opportunities = ConnectOpportunities(api(store))
    details = await opportunities.details_async("asha", 814)
    assert details is not None
    assert tuple(details) == OPPORTUNITY_KEYS
    assert details["payment_units"][0]["amount"] == 20
    assert await opportunities.details_async("asha", 901) is None
    connect.set_faults({"kind": "wrong_json", "body": '{"id": 814}'})
    older = await opportunities.details_async("asha", 814)
    assert older is not None
    assert older["deliver_app"] is None
    connect.set_faults({"kind": "truncated"})
    with pytest.raises(UnusableAnswerError):
        await opportunities.details_async("asha", 814)
