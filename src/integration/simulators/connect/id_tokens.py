"""Signed statements about who logged in."""

import hashlib
import time
from base64 import urlsafe_b64encode
from functools import cached_property
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from integration.simulators.connect.accounts import User

_KEY_ID = "simulated"
_SECONDS = 36_000


class IdTokens:
    """Signs with a key that lives as long as the process."""

    @cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def sign(self, issuer: str, client_id: str, user: User, access_token: str, nonce: str | None) -> str:
        """Return the id_token for a login; ``nonce`` comes back when one was sent."""
        now = int(time.time())
        half_hash = hashlib.sha256(access_token.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": issuer,
            "aud": client_id,
            "iat": now,
            "exp": now + _SECONDS,
            "auth_time": now,
            "at_hash": urlsafe_b64encode(half_hash).rstrip(b"=").decode(),
            **claims_about(user),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": _KEY_ID})

    def public_keys(self) -> dict[str, Any]:
        """Return the key set that signatures are checked with."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "alg": "RS256", "use": "sig", "kid": _KEY_ID}]}


def claims_about(user: User) -> dict[str, str]:
    """Return what is told about a user under the scope ``openid``."""
    return {"sub": str(user.id), "name": user.name, "email": user.email, "username": user.username}
