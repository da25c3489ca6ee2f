"""An id_token counts for the login that it was made for, and for no other."""

from datetime import UTC, datetime
from typing import Any

import jwt
import pytest

from application.access.connect_logins import LoginRefusedError
from integration.access.id_tokens import check_id_token

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
GOOD = {"nonce": "n", "aud": "labkeeper", "exp": NOW.timestamp() + 60, "sub": "31"}


def token(**claims: Any) -> str:
    return jwt.encode({**GOOD, **claims}, "x" * 32, "HS256")


@pytest.mark.parametrize("claims", [{}, {"aud": ["other", "labkeeper"]}])
def test_that_of_this_login_passes(claims: dict[str, Any]) -> None:
    check_id_token(token(**claims), "labkeeper", "n", NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        token(nonce="m"),
        token(nonce=None),
        token(nonce=7),
        token(nonce=""),
        token(aud="other"),
        token(aud=None),
        token(exp=NOW.timestamp() - 1),
        "x.y.z",
        "",
        5,
        ["x"],
    ],
)
def test_any_other_is_refused(wrong: Any) -> None:
    with pytest.raises(LoginRefusedError):
        check_id_token(wrong, "labkeeper", "n", NOW)
