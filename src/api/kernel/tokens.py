"""Making bearer tokens with the local secret."""

from datetime import timedelta

import jwt

from api.kernel.authorization import Role
from api.kernel.subjects import objection_to_subject
from domain.kernel.clock import Clock, SystemClock


def mint_token(
    secret: bytes,
    role: Role,
    subject: str,
    ttl_seconds: int,
    *,
    issuer: str | None = None,
    audience: str | None = None,
    clock: Clock | None = None,
) -> str:
    """Return a signed token (HS256).

    Raises:
        ValueError: the subject is one that would be refused, or the time to live is not positive.
    """
    objection = objection_to_subject(subject)
    if objection is not None:
        raise ValueError(f"the subject {objection}")
    if ttl_seconds <= 0:
        raise ValueError("a token needs a positive time to live")
    now = (clock or SystemClock()).now()
    claims: dict[str, object] = {
        "sub": subject,
        "role": role.value,
        "iat": int(now.timestamp()),
        "exp": int((now + timedelta(seconds=ttl_seconds)).timestamp()),
    }
    if issuer:
        claims["iss"] = issuer
    if audience:
        claims["aud"] = audience
    return jwt.encode(claims, secret, algorithm="HS256")
