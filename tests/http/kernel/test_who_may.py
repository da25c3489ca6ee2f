"""Tokens and roles: what is forged, old, meant for others or not enough gets nowhere."""

import base64
import json
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from classy_fastapi import get
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI, Response

from api.kernel.authentication import Authenticator
from api.kernel.authorization import Role, UndeclaredAccessError, routes_with_access
from api.kernel.controller import LabkeeperController
from api.kernel.jwt_tokens import JwtTokens
from api.kernel.signing_keys import JwksSigningKeys
from tests.http.kernel.toy import NOW, SECRET, FixedClock, bearer, client_of, serving, token, toy_app

CLAIMS = {"sub": "ada", "role": "admin", "exp": int(NOW.timestamp()) + 60}
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC_PEM = RSA_KEY.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)


def signed(claims: dict[str, Any], key: Any = SECRET, algorithm: str = "HS256", **headers: Any) -> str:
    return jwt.encode(claims, key, algorithm, headers or None)


def raw(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def hmac_with_public_key() -> str:
    import hashlib
    import hmac

    head, body, _ = raw({"alg": "HS256", "typ": "JWT", "kid": "r1"}, CLAIMS).split(".")
    return (
        f"{head}.{body}."
        + base64.urlsafe_b64encode(hmac.new(PUBLIC_PEM, f"{head}.{body}".encode(), hashlib.sha256).digest())
        .rstrip(b"=")
        .decode()
    )


async def status_of(app: FastAPI, bearer_token: str, path: str = "/api/v1/toys") -> int:
    async with client_of(app) as client:
        answer = await client.get(path, headers={"Authorization": f"Bearer {bearer_token}"})
        if answer.status_code == 401:
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code


FORGED = {
    "other secret": signed(CLAIMS, b"another secret of thirty-two bytes!!"),
    "alg none": raw({"alg": "none"}, CLAIMS),
    "alg None": raw({"alg": "None"}, CLAIMS, b"x"),
    "no alg": raw({}, CLAIMS),
    "no signature": signed(CLAIMS).rsplit(".", 1)[0] + ".",
    "other algorithm": signed(CLAIMS, SECRET, "HS512"),
    "public key as secret": hmac_with_public_key(),
    "changed claims": ".".join(
        (
            signed({**CLAIMS, "role": "user"}).split(".")[0],
            signed(CLAIMS).split(".")[1],
            signed(CLAIMS, b"x" * 32).split(".")[2],
        )
    ),
    "expired": signed({**CLAIMS, "exp": int(NOW.timestamp()) - 11}),
    "no exp": signed({"sub": "ada", "role": "admin"}),
    "exp true": signed({**CLAIMS, "exp": True}),
    "exp text": signed({**CLAIMS, "exp": "tomorrow"}),
    "exp infinite": signed({**CLAIMS, "exp": float("inf")}),
    "not yet": signed({**CLAIMS, "nbf": int(NOW.timestamp()) + 11}),
    "no sub": signed({**CLAIMS, "sub": ""}),
    "sub with line break": signed({**CLAIMS, "sub": "a\nb"}),
    "sub number": raw({"alg": "HS256"}, {**CLAIMS, "sub": 5}),
    "crit": signed(CLAIMS, crit=["b64"]),
    "garbage": "garbage",
    "dots": "..",
    "not base64": "é.ü.ö".encode("latin-1").decode("latin-1").encode("ascii", "replace").decode(),
    "claims are a list": ".".join((raw({"alg": "HS256"}, {}).split(".")[0], "W10", "x")),
    "too long": "a" * 9000,
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
async def test_a_token_that_is_not_to_be_trusted_is_401(forged: str) -> None:
    assert await status_of(toy_app(), forged) == 401


async def test_no_token_another_scheme_and_two_tokens_are_401() -> None:
    async with client_of(toy_app()) as client:
        assert (await client.get("/api/v1/toys")).status_code == 401
        for value in ("Basic YTpi", "Bearer", "Bearer ", token()):
            assert (await client.get("/api/v1/toys", headers={"Authorization": value})).status_code == 401
        twice = [("Authorization", f"Bearer {token()}")] * 2
        assert (await client.get("/api/v1/toys", headers=twice)).status_code == 401
        assert (await client.get("/api/v1/toys/open")).status_code == 200


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"role": "root"}, 403),
        ({"role": ["admin"]}, 403),
        ({}, 403),
        ({"roles": ["x", "manager"]}, 200),
        ({"role": "user"}, 200),
    ],
)
async def test_an_unknown_or_missing_role_is_403(claims: dict[str, Any], status: int) -> None:
    base = {"sub": "ada", "exp": CLAIMS["exp"]}
    assert await status_of(toy_app(), signed({**base, **claims})) == status


async def test_every_route_asks_for_its_role() -> None:
    app = toy_app()
    async with client_of(app) as client:
        for method, path, access in routes_with_access(app):
            if access.role is None or path.endswith("/stream"):
                continue
            assert (await client.request(method, path)).status_code == 401
            for role in Role:
                refused = (await client.request(method, path, headers=bearer(role))).status_code == 403
                assert refused is not role.includes(access.role), (method, path, role)


async def test_issuer_and_audience_are_checked_when_configured() -> None:
    strict = toy_app(Authenticator(JwtTokens(SECRET, issuer="https://us", audience="labs", clock=FixedClock())))
    assert await status_of(strict, signed(CLAIMS)) == 401
    assert await status_of(strict, signed({**CLAIMS, "iss": "https://us", "aud": "others"})) == 401
    assert await status_of(strict, signed({**CLAIMS, "iss": "https://them", "aud": "labs"})) == 401
    assert await status_of(strict, signed({**CLAIMS, "iss": "https://us", "aud": ["others", "labs"]})) == 200


async def test_a_remembered_token_still_expires() -> None:
    clock = FixedClock()
    app = toy_app(Authenticator(JwtTokens(SECRET, clock=clock, leeway_seconds=0)))
    assert await status_of(app, signed(CLAIMS)) == 200
    clock.time = NOW + timedelta(seconds=60)
    assert await status_of(app, signed(CLAIMS)) == 401


class Undeclared(LabkeeperController):
    route_prefix = "/undeclared"

    @get("")
    async def anything(self) -> Response:
        return Response()


async def test_a_route_that_declares_nothing_stops_the_start() -> None:
    with pytest.raises(UndeclaredAccessError, match="/undeclared"):
        toy_app(configure=lambda builder: builder.add_controller(Undeclared))
    app = toy_app()
    app.add_api_route("/late", lambda: "hello")
    with pytest.raises(UndeclaredAccessError, match="/late"):
        async with app.router.lifespan_context(app):
            pass


class Provider:
    """An identity provider that serves a JWKS document, or fails to."""

    def __init__(self) -> None:
        self.calls = 0
        self.down = False
        self.keys = [
            {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key())), "kid": "r1", "use": "sig"},
            {**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key())), "kid": "e1"},
            {"kty": "oct", "k": base64.urlsafe_b64encode(SECRET).decode(), "kid": "o1", "alg": "HS256"},
        ]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.calls += 1
        body = b"down" if self.down else json.dumps({"keys": self.keys}).encode()
        await Response(body, 500 if self.down else 200)(scope, receive, send)


async def test_tokens_of_an_identity_provider() -> None:
    provider, seconds = Provider(), [0.0]
    inner = FastAPI()
    inner.mount("/", provider)
    async with serving(inner) as (url, _), httpx.AsyncClient(timeout=60) as client:
        keys = JwksSigningKeys(f"{url}/jwks", client, monotonic=lambda: seconds[0])
        app = toy_app(Authenticator(JwtTokens(None, keys, clock=FixedClock())))
        provider.down = True
        assert await status_of(app, signed(CLAIMS, RSA_KEY, "RS256", kid="r1")) == 503
        provider.down, seconds[0] = False, 31.0
        assert await status_of(app, signed(CLAIMS, RSA_KEY, "RS256", kid="r1")) == 200
        assert await status_of(app, signed(CLAIMS, EC_KEY, "ES256", kid="e1")) == 200
        assert await status_of(app, signed(CLAIMS, EC_KEY, "ES256")) == 200
        assert provider.calls == 2
        for confused in (
            signed(CLAIMS, SECRET, "HS256", kid="o1"),
            hmac_with_public_key(),
            signed(CLAIMS, RSA_KEY, "RS256", kid="e1"),
            signed(CLAIMS, RSA_KEY, "RS384", kid="r1"),
            signed(CLAIMS, rsa.generate_private_key(public_exponent=65537, key_size=2048), "RS256", kid="r1"),
        ):
            assert await status_of(app, confused) == 401
        new_key = ec.generate_private_key(ec.SECP256R1())
        provider.keys.append({**json.loads(jwt.algorithms.ECAlgorithm.to_jwk(new_key.public_key())), "kid": "e2"})
        calls = provider.calls
        rotated = signed(CLAIMS, new_key, "ES256", kid="e2")
        assert await status_of(app, rotated) == 401
        assert provider.calls == calls
        seconds[0] += 31
        assert await status_of(app, rotated) == 200
        provider.down, seconds[0] = True, seconds[0] + 1000
        assert await status_of(app, signed({**CLAIMS, "n": 1}, new_key, "ES256", kid="e2")) == 200
        assert await status_of(app, signed(CLAIMS, new_key, "ES256", kid="e3")) == 503
