"""A cookie is not believed when another site's page set the request in motion."""

from typing import Any

import pytest

from api.kernel.origins import comes_from_elsewhere
from api.kernel.presented import Presented

HERE = "http://labs.example:8080"


def asked(method: str = "POST", host: str = "labs.example:8080", **headers: str) -> Presented:
    given: list[tuple[bytes, bytes]] = [(b"host", host.encode())]
    given += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: dict[str, Any] = {"method": method, "headers": given}
    return Presented.by(scope)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_what_changes_nothing_may_come_from_anywhere(method: str) -> None:
    assert not comes_from_elsewhere(asked(method, origin="https://evil.example", sec_fetch_site="cross-site"), HERE)


@pytest.mark.parametrize("public_url", ["", HERE])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "nonsense"},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": "http://labs.example"},
        {"origin": "http://labs.example:8081"},
        {"origin": "http://labs.example:8080.evil.example"},
        {"origin": "http://labs.example:8080@evil.example"},
        {"origin": "http://["},
        {"origin": ""},
        {"origin": "file://"},
        {"sec_fetch_site": "same-origin", "origin": "https://evil.example"},
        {"sec_fetch_site": "cross-site", "origin": HERE},
    ],
)
def test_other_sites_are_refused(public_url: str, method: str, headers: dict[str, str]) -> None:
    assert comes_from_elsewhere(asked(method, **headers), public_url)


@pytest.mark.parametrize("public_url", ["", HERE, "https://elsewhere.example"])
@pytest.mark.parametrize(
    "headers",
    [{}, {"sec_fetch_site": "same-origin"}, {"sec_fetch_site": "none"}, {"origin": HERE}, {"origin": HERE.upper()}],
)
def test_our_own_pages_and_programs_are_not(public_url: str, headers: dict[str, str]) -> None:
    assert not comes_from_elsewhere(asked(**headers), public_url)


def test_the_public_address_is_ours_whatever_the_proxy_calls_us() -> None:
    behind = asked(host="10.0.0.7:8080", origin="https://labs.example")
    assert not comes_from_elsewhere(behind, "https://labs.example/")
    assert comes_from_elsewhere(behind, "http://labs.example")


def test_of_two_cookies_of_one_name_none_is_taken_unless_they_agree() -> None:
    scope = {"method": "GET", "headers": [(b"cookie", b"a=1; b=2"), (b"cookie", b'a=3; b=2; c="x"')]}
    presented = Presented.by(scope)
    assert (presented.cookie("a"), presented.cookie("b"), presented.cookie("c")) == (None, "2", "x")
