"""What proxies say about a request, believed only from those that are trusted."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

_FORWARDED = (b"x-forwarded-proto", b"x-forwarded-host", b"x-forwarded-for", b"x-forwarded-port", b"forwarded")


class TrustedProxies:
    """Takes scheme, host and client from the forwarded headers of trusted proxies; of anybody else they are dropped.

    Args:
        trusted: addresses and networks of the proxies. Empty trusts nobody.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[IPv4Network | IPv6Network] = ()) -> None:
        self._app = app
        self._trusted = tuple(trusted)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(name in _FORWARDED for name, _ in scope["headers"]):
            scope = self._rewritten(scope)
        await self._app(scope, receive, send)

    def _rewritten(self, scope: Scope) -> Scope:
        client = scope.get("client")
        trusted = client is not None and self._is_trusted(client[0])
        said = dict(scope["headers"]) if trusted else {}
        headers = [(name, value) for name, value in scope["headers"] if name not in _FORWARDED]
        changed = {**scope, "headers": headers}
        proto = _last(said.get(b"x-forwarded-proto"))
        if proto in ("http", "https"):
            changed["scheme"] = proto
        host = _last(said.get(b"x-forwarded-host"))
        if host:
            changed["headers"] = [(name, value) for name, value in headers if name != b"host"]
            changed["headers"].append((b"host", host.encode("latin-1")))
        address = self._client_of(said.get(b"x-forwarded-for"))
        if address is not None:
            changed["client"] = (address, 0)
        return changed

    def _client_of(self, header: bytes | None) -> str | None:
        """Return the nearest address that is not one of our proxies: what lies before it anybody may have written."""
        for part in reversed((header or b"").decode("latin-1").split(",")):
            address = part.strip()
            if not _is_address(address):
                return None
            if not self._is_trusted(address):
                return address
        return None

    def _is_trusted(self, host: str) -> bool:
        return _is_address(host) and any(ip_address(host) in network for network in self._trusted)


def _last(header: bytes | None) -> str:
    """Return what the proxy next to us said; earlier entries are hearsay."""
    return (header or b"").decode("latin-1").rpartition(",")[2].strip().lower()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
