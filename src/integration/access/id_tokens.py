"""What an id_token must say before the login that it came with is believed."""

from datetime import datetime
from hmac import compare_digest
from typing import Any

import jwt

from application.access.connect_logins import LoginRefusedError


def check_id_token(token: Any, client_id: str, nonce: str, now: datetime) -> None:
    """Check that an id_token was made for this login.

    Its signature is not looked at: it comes straight from the token endpoint, whose TLS vouches for it (OpenID Connect
    Core 3.1.3.7, 6), and nothing but the nonce is taken from it.

    Raises:
        LoginRefusedError: it is for another login or another application, has expired, or is unreadable.
    """
    try:
        claims = jwt.decode(str(token), options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise LoginRefusedError("Connect sent an id_token that cannot be read") from None
    said, audience, expires = claims.get("nonce"), claims.get("aud"), claims.get("exp")
    if not isinstance(said, str) or not compare_digest(said.encode(), nonce.encode()):
        raise LoginRefusedError("Connect sent an id_token of another login")
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise LoginRefusedError("Connect sent an id_token for another application")
    if isinstance(expires, int | float) and expires <= now.timestamp():
        raise LoginRefusedError("Connect sent an id_token that has expired")
