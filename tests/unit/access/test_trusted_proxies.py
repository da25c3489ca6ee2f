"""Forwarded headers count from trusted proxies only."""

from ipaddress import ip_network
from typing import Any

import pytest

from api.kernel.trusted_proxies import TrustedProxies


async def seen(trusted: str, client: str | None, **headers: str) -> dict[str, Any]:
    """Return the scope that the application behind gets."""
    found: dict[str, Any] = {}

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        found.update(scope)

    given = [(b"host", b"inner:8080")]
    given += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "scheme": "http", "client": (client, 5) if client else None, "headers": given}
    networks = [ip_network(one) for one in trusted.split()]
    await TrustedProxies(app, networks)(scope, None, None)  # type: ignore[arg-type]
    return found


SAID = {"x_forwarded_proto": "https", "x_forwarded_host": "labs.example", "x_forwarded_for": "203.0.113.9"}


async def test_a_trusted_proxy_is_believed() -> None:
    found = await seen("127.0.0.1 10.0.0.0/8", "10.1.2.3", **SAID)
    assert found["scheme"] == "https"
    assert found["client"][0] == "203.0.113.9"
    assert found["headers"] == [(b"host", b"labs.example")]


@pytest.mark.parametrize(("trusted", "client"), [("", "127.0.0.1"), ("10.0.0.0/8", "127.0.0.1"), ("10.0.0.0/8", None)])
async def test_nobody_else_is_and_what_they_say_is_dropped(trusted: str, client: str | None) -> None:
    found = await seen(trusted, client, **SAID, forwarded="for=1.2.3.4")
    assert found["scheme"] == "http"
    assert found["client"] == ((client, 5) if client else None)
    assert found["headers"] == [(b"host", b"inner:8080")]


async def test_the_nearest_address_that_is_no_proxy_of_ours_is_the_client() -> None:
    found = await seen("10.0.0.0/8", "10.1.2.3", x_forwarded_for="6.6.6.6, 203.0.113.9, 10.7.7.7")
    assert found["client"][0] == "203.0.113.9"
    assert (await seen("10.0.0.0/8", "10.1.2.3", x_forwarded_for="x, 10.7.7.7"))["client"][0] == "10.1.2.3"


async def test_nonsense_of_a_trusted_proxy_changes_nothing() -> None:
    found = await seen("10.0.0.0/8", "10.1.2.3", x_forwarded_proto="gopher", x_forwarded_host="", x_forwarded_for="")
    assert (found["scheme"], found["headers"]) == ("http", [(b"host", b"inner:8080")])
