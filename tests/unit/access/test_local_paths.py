"""After a login a browser is sent nowhere but to a path on this host."""

import pytest

from application.access.local_paths import is_local_path

ELSEWHERE = [
    *("https://evil.example", "http:evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil"),
    *("/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/ /evil", "javascript:alert(1)"),
    *("evil.example", "", "?x", "#x", "/" + "a" * 2000, "/\x00", "/é", "https:/evil.example", "/\\/evil.example"),
    *("data:text/html,x", "@evil.example", ":80", "/a\r\nSet-Cookie: x=y", "//[::1", "/\x7f"),
]


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_may_lead_elsewhere_is_no_local_path(text: str) -> None:
    assert not is_local_path(text)


@pytest.mark.parametrize(
    "text", ["/", "/auth/me", "/api/v1/records?type=Task&next=https://x", "/a#b", "/a//b", "/%2F%2Fevil", "/@x:1"]
)
def test_a_path_of_ours_is_one(text: str) -> None:
    assert is_local_path(text)
