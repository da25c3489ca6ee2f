"""Which addresses may be called at all, when the URL comes from a user."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import httpx

from integration.http.errors import AddressNotAllowedError, UpstreamUnreachableError

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Host name and port to numeric addresses; raises ``OSError`` when there are none."""

_NEVER: tuple[tuple[IPv4Network | IPv6Network, str], ...] = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("100.100.100.200/32", "a cloud metadata address"),
        ("168.63.129.16/32", "a cloud metadata address"),
        ("192.0.0.192/32", "a cloud metadata address"),
        ("169.254.0.0/16", "a link-local address"),
        ("0.0.0.0/8", "an unspecified address"),
        ("224.0.0.0/4", "a multicast address"),
        ("240.0.0.0/4", "a reserved or broadcast address"),
        ("fd00:ec2::/32", "a cloud metadata address"),
        ("fd20:ce::254/128", "a cloud metadata address"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("ff00::/8", "a multicast address"),
        ("::/128", "an unspecified address"),
    )
)
_NEVER_NAMES = frozenset(
    {"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}
)
_EMBEDDING = tuple(IPv6Network(network) for network in ("::/96", "64:ff9b::/96"))


async def resolve_async(host: str, port: int) -> list[str]:
    """Ask the system's resolver; it also reads decimal, octal and hexadecimal spellings of IPv4."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} is not a host name") from error
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressPolicy:
    """Refuses addresses that reach a machine's own cloud or a whole network rather than one host.

    Args:
        allow_loopback, allow_private: controllers live on such addresses, hence on by default.
        resolve: how host names become addresses.
    """

    def __init__(
        self, *, allow_loopback: bool = True, allow_private: bool = True, resolve: Resolver = resolve_async
    ) -> None:
        self._allow_loopback = allow_loopback
        self._allow_private = allow_private
        self._resolve = resolve

    async def check_url_async(self, url: str) -> None:
        """Check a URL that a user hands in. A name that does not resolve passes: the check is repeated on connect.

        Raises:
            AddressNotAllowedError: it is no http(s) URL, or one of its addresses is not allowed.
        """
        try:
            parts = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise AddressNotAllowedError("the URL", "cannot be read") from error
        if parts.scheme not in ("http", "https") or not parts.host:
            raise AddressNotAllowedError("the URL", "must start with http:// or https:// and name a host")
        try:
            await self.addresses_async(parts.host, parts.port or (443 if parts.scheme == "https" else 80))
        except UpstreamUnreachableError:
            return

    async def addresses_async(self, host: str, port: int) -> list[str]:
        """Return the host's addresses, at least one, all of them allowed.

        Raises:
            AddressNotAllowedError: one of them is not; a name with mixed answers is not trusted with any.
            UpstreamUnreachableError: the name does not resolve.
        """
        if host.removesuffix(".").lower() in _NEVER_NAMES:
            raise AddressNotAllowedError(host, "is a cloud's metadata service, which is never called")
        try:
            # With a dot at the end a numeric address is taken for a name, and would pass as one that does not resolve.
            found = await self._resolve(host.removesuffix("."), port)
        except OSError as error:
            raise UpstreamUnreachableError(host, "the host name does not resolve") from error
        if not found:
            raise UpstreamUnreachableError(host, "the host name does not resolve")
        for text in found:
            reason = self.objection(text)
            if reason is not None:
                raise AddressNotAllowedError(host, f"{text} is {reason}, which is never called")
        return found

    def objection(self, address: str) -> str | None:
        """Return why a numeric address is not allowed; None when it is."""
        for candidate in _meanings(ip_address(address.partition("%")[0])):
            for network, reason in _NEVER:
                if candidate in network:
                    return reason
            if candidate.is_loopback:
                if not self._allow_loopback:
                    return "a loopback address"
            elif candidate.is_private and not self._allow_private:
                return "a private address"
        return None


def _meanings(address: Address) -> Iterator[Address]:
    """Yield the address and every IPv4 address that it stands for (mapped, compatible, 6to4, NAT64, Teredo)."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield address.teredo[1]
    if any(address in network for network in _EMBEDDING) and int(address) > 1:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
