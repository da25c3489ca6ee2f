"""Tokens that are not to be trusted, whatever they say."""

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from api.kernel.authorization import Role
from tests.support.app import settings_for
from tests.support.mongo import LocalMongod
from tests.support.served import API, Served, assert_problem, served

GOOD = {"sub": "ada", "role": "admin", "exp": 4_000_000_000}
OTHER_SECRET = "another secret that is long enough to sign with"


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(secret: bytes) -> dict[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    good = jwt.encode(GOOD, secret, "HS256")
    head, body, signature = good.split(".")
    return {
        "other secret": jwt.encode(GOOD, OTHER_SECRET, "HS256"),
        "empty secret": jwt.encode(GOOD, "", "HS256"),
        "alg none": f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "alg None": f"{part({'alg': 'None'})}.{body}.{signature}",
        "alg none with a signature": f"{part({'alg': 'none'})}.{body}.{signature}",
        "no alg": f"{part({'typ': 'JWT'})}.{body}.{signature}",
        "HS512 with the right secret": jwt.encode(GOOD, secret, "HS512"),
        "RS256": jwt.encode(GOOD, private, "RS256"),
        "jwk in the header": jwt.encode(GOOD, private, "RS256", {"jwk": {"kty": "RSA"}, "jku": "http://127.0.0.1:1"}),
        "kid as a path": jwt.encode(GOOD, OTHER_SECRET, "HS256", {"kid": "../../../dev/null"}),
        "expired": jwt.encode({**GOOD, "exp": 1_000_000_000}, secret, "HS256"),
        "no exp": jwt.encode({"sub": "ada", "role": "admin"}, secret, "HS256"),
        "exp as text": jwt.encode({**GOOD, "exp": "never"}, secret, "HS256"),
        "future nbf": jwt.encode({**GOOD, "nbf": 3_900_000_000}, secret, "HS256"),
        "no subject": jwt.encode({"role": "admin", "exp": 4_000_000_000}, secret, "HS256"),
        "changed body": f"{head}.{part({**GOOD, 'sub': 'eve'})}.{signature}",
        "cut signature": good[:-4],
        "crit": jwt.encode(GOOD, secret, "HS256", {"crit": ["x"], "x": 1}),
        "garbage": "garbage",
        "dots": "..",
        "long": "a" * 9000,
        "deep header": base64.urlsafe_b64encode(b"[" * 3000).decode() + ".e30.x",
    }


NAMES = sorted(forgeries(b"x" * 32))


@pytest.mark.parametrize("name", NAMES)
def test_a_forged_token_is_401(app: Served, name: str) -> None:
    token = forgeries(app.running.secrets.jwt_secret)[name]
    with app.client_with(token) as client:
        answer = client.get(f"{API}/labs")
        assert_problem(answer, 401, "invalid-token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert token not in answer.text


@pytest.mark.parametrize("value", ["", "Bearer", "Basic YTpi", "Token x", "Bearer a b"])
def test_a_malformed_header_is_401(app: Served, value: str) -> None:
    with app.client_with(None) as client:
        assert_problem(client.get(f"{API}/labs", headers={"Authorization": value}), 401)


def test_two_authorization_headers_are_401(app: Served) -> None:
    token = app.running.token(Role.ADMIN)
    with app.client_with(None) as client:
        headers = [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")]
        assert_problem(client.get(f"{API}/labs", headers=headers), 401)


def test_a_token_in_the_query_is_no_token(app: Served) -> None:
    with app.client_with(None) as client:
        assert_problem(client.get(f"{API}/labs?access_token={app.running.token()}"), 401)


def test_issuer_and_audience_are_checked_when_configured(shared_mongod: LocalMongod, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, f"test_{uuid.uuid4().hex}")
    settings.jwt_issuer, settings.jwt_audience = "https://issuer.example", "labkeeper"
    right = {**GOOD, "iss": "https://issuer.example", "aud": "labkeeper"}
    with served(shared_mongod, tmp_path, settings=settings) as app:
        secret = app.running.secrets.jwt_secret
        for claims, status in (
            (right, 200),
            ({**right, "aud": ["other", "labkeeper"]}, 200),
            ({**right, "aud": "other"}, 401),
            ({**right, "iss": "https://issuer.example.evil"}, 401),
            ({**GOOD, "aud": "labkeeper"}, 401),
            ({**GOOD, "iss": "https://issuer.example"}, 401),
            (GOOD, 401),
        ):
            with app.client_with(jwt.encode(claims, secret, "HS256")) as client:
                assert client.get(f"{API}/labs").status_code == status, claims
