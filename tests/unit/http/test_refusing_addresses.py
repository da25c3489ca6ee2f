"""Addresses that are never called, however they are spelled."""

from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.http.address_policy import AddressPolicy
from integration.http.errors import AddressNotAllowedError, UpstreamUnreachableError


def resolving(*addresses: str) -> Callable[[str, int], Awaitable[list[str]]]:
    async def resolve(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.0.1", "100.100.100.200", "168.63.129.16", "0.0.0.0", "0.1.2.3", "224.0.0.1",
     "255.255.255.255", "240.0.0.1", "::", "fe80::1", "fe80::1%eth0", "febf::1", "fec0::1", "fd00:ec2::254", "ff02::1",
     "::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::169.254.169.254", "64:ff9b::169.254.169.254",
     "2002:a9fe:a9fe::1", "fd20:ce::254", "::ffff:0.0.0.0"],
)  # fmt: skip
def test_an_address_that_reaches_more_than_a_host_is_refused(address: str) -> None:
    assert AddressPolicy().objection(address) is not None


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "fd12::1", "8.8.8.8", "2001:db8::1"]
)
def test_loopback_private_and_public_addresses_are_allowed(address: str) -> None:
    assert AddressPolicy().objection(address) is None


def test_loopback_and_private_addresses_can_be_refused_as_well() -> None:
    policy = AddressPolicy(allow_loopback=False, allow_private=False)
    refused = ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "fd12::1"]
    assert all(policy.objection(address) for address in refused)
    assert policy.objection("8.8.8.8") is None


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.16689662", "[::ffff:a9fe:a9fe]"]
)
async def test_every_spelling_of_a_forbidden_address_is_refused(host: str) -> None:
    with pytest.raises(AddressNotAllowedError):
        await AddressPolicy().check_url_async(f"http://{host}/latest/meta-data")


@pytest.mark.parametrize("url", ["ftp://host/", "file:///etc/passwd", "http://", "//host", "host", "http://[::1", ""])
async def test_what_is_no_http_url_is_refused(url: str) -> None:
    with pytest.raises(AddressNotAllowedError):
        await AddressPolicy().check_url_async(url)


async def test_a_name_with_one_forbidden_address_is_refused_altogether() -> None:
    policy = AddressPolicy(resolve=resolving("10.0.0.1", "169.254.169.254"))
    with pytest.raises(AddressNotAllowedError, match=r"169\.254\.169\.254 is a link-local address"):
        await policy.check_url_async("https://two-faced.example")


async def test_a_name_that_does_not_resolve_passes_registration_but_no_call() -> None:
    policy = AddressPolicy(resolve=resolving())
    await policy.check_url_async("https://not-yet.example")
    with pytest.raises(UpstreamUnreachableError):
        await policy.addresses_async("not-yet.example", 443)


@given(address=st.ip_addresses(v=4, network="169.254.0.0/16"))
def test_no_link_local_address_passes_as_a_mapped_one(address: object) -> None:
    assert AddressPolicy().objection(f"::ffff:{address}") is not None
