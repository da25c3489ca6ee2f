"""The public keys of an identity provider, fetched from its JWKS document."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from domain.kernel.errors import UnavailableError

PublicKey = RSAPublicKey | EllipticCurvePublicKey
log = logging.getLogger("labkeeper.authentication")
_LARGEST_DOCUMENT = 1 << 20
_LEAST_RSA_BITS = 2048
_LONGEST_FETCH_SECONDS = 10.0


class JwksSigningKeys:
    """Keys by id and algorithm. Fetched when first needed, again when old, and for an unknown id.

    Args:
        url: where the JWKS document is.
        refresh_seconds: least time between two attempts to fetch it.
        max_age_seconds: age after which it is fetched again; old keys serve on while that fails.
        monotonic: seconds that only go forward.
    """

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        *,
        refresh_seconds: float = 30.0,
        max_age_seconds: float = 600.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._client = client
        self._refresh_seconds = refresh_seconds
        self._max_age_seconds = max_age_seconds
        self._monotonic = monotonic
        self._keys: dict[tuple[str, str], PublicKey] = {}
        self._attempted_at: float | None = None
        self._fetched_at: float | None = None
        self._failed = False
        self._fetching = asyncio.Lock()

    async def key_async(self, algorithm: str, key_id: str | None) -> PublicKey | None:
        """Return the key that a token names; None when the provider has no such key of that type.

        Args:
            algorithm: ``RS256`` or ``ES256``.
            key_id: the token's ``kid``; without one the provider must have exactly one key of that type.

        Raises:
            UnavailableError: the key is not known and the provider cannot be asked.
        """
        if self._fetched_at is None or self._monotonic() - self._fetched_at > self._max_age_seconds:
            await self._fetch_async()
        key = self._find(algorithm, key_id)
        if key is None:
            await self._fetch_async()
            key = self._find(algorithm, key_id)
        if key is None and (self._failed or self._fetched_at is None):
            raise UnavailableError("the signing keys cannot be fetched", self._refresh_seconds)
        return key

    def _find(self, algorithm: str, key_id: str | None) -> PublicKey | None:
        if key_id is not None:
            return self._keys.get((algorithm, key_id))
        fitting = [key for (for_algorithm, _), key in self._keys.items() if for_algorithm == algorithm]
        return fitting[0] if len(fitting) == 1 else None

    async def _fetch_async(self) -> None:
        async with self._fetching:
            now = self._monotonic()
            if self._attempted_at is not None and now - self._attempted_at < self._refresh_seconds:
                return
            self._attempted_at = now
            try:
                keys = await self._download_async()
            except (httpx.HTTPError, TimeoutError, ValueError, RecursionError) as error:
                self._failed = True
                log.warning("the signing keys cannot be fetched from %s: %s", self._url, type(error).__name__)
                return
            self._keys = keys
            self._fetched_at = now
            self._failed = False

    async def _download_async(self) -> dict[tuple[str, str], PublicKey]:
        async with (
            asyncio.timeout(_LONGEST_FETCH_SECONDS),
            self._client.stream("GET", self._url, timeout=5.0) as response,
        ):
            response.raise_for_status()
            if response.is_redirect:
                raise ValueError("a redirect")
            content = bytearray()
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > _LARGEST_DOCUMENT:
                    raise ValueError("too large")
        return _read_keys(httpx.Response(200, content=bytes(content)).json())


def _read_keys(document: Any) -> dict[tuple[str, str], PublicKey]:
    """Return the usable keys of a JWKS document; those for other purposes or of other types are passed over."""
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("no JWKS document")  # noqa: TRY004  the content is wrong, not our use of a type
    keys: dict[tuple[str, str], PublicKey] = {}
    for position, entry in enumerate(entries):
        found = _read_key(entry)
        if found is not None:
            algorithm, key = found
            keys[algorithm, str(entry.get("kid", f"#{position}"))] = key
    return keys


def _read_key(entry: Any) -> tuple[str, PublicKey] | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    algorithm = {"RSA": "RS256", "EC": "ES256"}.get(str(entry.get("kty")))
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    try:
        key = jwt.PyJWK(entry, algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    fits = (isinstance(key, RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    )
    return (algorithm, key) if fits else None
