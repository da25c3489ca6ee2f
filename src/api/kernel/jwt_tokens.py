"""JSON Web Tokens: verified once and remembered until they expire."""

import hashlib
import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import jwt

from api.kernel.authorization import Role
from api.kernel.principal import InvalidTokenError, Principal
from api.kernel.signing_keys import JwksSigningKeys
from api.kernel.subjects import objection_to_subject
from domain.kernel.clock import Clock, SystemClock

_LONGEST_TOKEN = 8192
_MOST_REMEMBERED = 10_000
_NO_CLAIM_CHECKS = dict.fromkeys(("exp", "nbf", "iat", "aud", "iss", "sub", "jti"), False)


class JwtTokens:
    """Verifies tokens that are signed with our secret or by an identity provider.

    Args:
        secret: for HS256, at least 32 bytes; None when tokens of that kind are refused.
        keys: for RS256 and ES256; None when tokens of that kind are refused.
        issuer, audience: checked when given.
        leeway_seconds: how far clocks may be apart, 0..30.
    """

    def __init__(
        self,
        secret: bytes | None = None,
        keys: JwksSigningKeys | None = None,
        *,
        issuer: str | None = None,
        audience: str | None = None,
        leeway_seconds: float = 10.0,
        clock: Clock | None = None,
    ) -> None:
        if not 0 <= leeway_seconds <= 30:
            raise ValueError("leeway_seconds lies outside 0..30")
        if secret is not None and len(secret) < 32:
            raise ValueError("the secret has fewer than 32 bytes")
        self._secret = secret
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._leeway_seconds = leeway_seconds
        self._clock = clock or SystemClock()
        self._verified: OrderedDict[bytes, Principal] = OrderedDict()

    def seconds_left(self, principal: Principal) -> float:
        """Return how long somebody is known yet, as they came; 0 when that is over."""
        return max(0.0, principal.expires_at - self._clock.now().timestamp())

    @staticmethod
    def is_foreign(token: str) -> bool:
        """Tell whether this is no signed token at all but an opaque one, such as other systems give."""
        return token.count(".") != 2 and 0 < len(token) <= _LONGEST_TOKEN and token.isascii() and token.isprintable()

    async def authenticate_async(self, token: str) -> Principal:
        """Return the holder of a token.

        Raises:
            InvalidTokenError: it is forged, expired, not for us, or no token at all.
            UnavailableError: the keys to verify it with cannot be had.
        """
        if len(token) > _LONGEST_TOKEN:
            raise InvalidTokenError("is too long")
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        principal = self._verified.get(digest)
        if principal is None:
            principal = self._principal(await self._verify_async(token))
            self._check_time(principal)
            self._verified[digest] = principal
            if len(self._verified) > _MOST_REMEMBERED:
                self._verified.popitem(last=False)
        else:
            self._verified.move_to_end(digest)
            self._check_time(principal)
        return principal

    async def _verify_async(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            if "crit" in header:
                raise InvalidTokenError("asks for extensions that are not understood")
            algorithm = header.get("alg")
            key = await self._key_async(algorithm, header.get("kid"))
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[str(algorithm)],
                options={f"verify_{claim}": value for claim, value in _NO_CLAIM_CHECKS.items()},
            )
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise InvalidTokenError("is not valid") from None
        return claims

    async def _key_async(self, algorithm: object, key_id: object) -> Any:
        """The algorithm decides which keys are looked at: no public key is ever taken for a secret."""
        if algorithm == "HS256" and self._secret is not None:
            return self._secret
        if algorithm in ("RS256", "ES256") and self._keys is not None:
            if key_id is not None and not isinstance(key_id, str):
                raise InvalidTokenError("is not valid")
            key = await self._keys.key_async(str(algorithm), key_id)
            if key is None:
                raise InvalidTokenError("is signed with a key that is not known")
            return key
        raise InvalidTokenError("is signed in a way that is not accepted")

    def _principal(self, claims: Mapping[str, Any]) -> Principal:
        subject = claims.get("sub")
        if not isinstance(subject, str):
            raise InvalidTokenError("has no subject")
        objection = objection_to_subject(subject)
        if objection is not None:
            raise InvalidTokenError(f"has a subject that cannot be: it {objection}")
        expires_at = _seconds(claims.get("exp"), "exp")
        if expires_at is None:
            raise InvalidTokenError("has no expiry")
        if self._issuer is not None and claims.get("iss") != self._issuer:
            raise InvalidTokenError("comes from another issuer")
        audience = claims.get("aud")
        if self._audience is not None and self._audience not in (
            audience if isinstance(audience, list) else [audience]
        ):
            raise InvalidTokenError("is for another audience")
        return Principal(subject, _role(claims), _seconds(claims.get("nbf"), "nbf") or 0.0, expires_at)

    def _check_time(self, principal: Principal) -> None:
        now = self._clock.now().timestamp()
        if now >= principal.expires_at + self._leeway_seconds:
            raise InvalidTokenError("has expired")
        if now < principal.not_before - self._leeway_seconds:
            raise InvalidTokenError("is not valid yet")


def _seconds(value: Any, claim: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidTokenError(f"has an unreadable {claim}")
    return float(value)


def _role(claims: Mapping[str, Any]) -> Role | None:
    """The highest known role of ``role`` (text) and ``roles`` (list)."""
    named = claims.get("roles")
    names = [claims.get("role"), *(named if isinstance(named, list) else [])]
    known = [role for role in Role if role.value in names]
    return known[-1] if known else None
