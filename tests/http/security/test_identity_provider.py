"""The whole application with an identity provider whose keys come over HTTP: rotation, outages, unknown keys."""

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from tests.support.app import settings_for
from tests.support.mongo import LocalMongod, free_port
from tests.support.served import API, Served, assert_problem, served

ISSUER, AUDIENCE = "https://login.example.org", "labkeeper"
BETWEEN_FETCHES = 31.0
OLD = 601.0


class IdentityProvider:
    """Serves its keys as a JWKS document on loopback; may be down, or take its time."""

    def __init__(self) -> None:
        self.fetches = 0
        self.fetch_seconds = 0.0
        self._keys: dict[str, RSAPrivateKey | EllipticCurvePrivateKey] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetches += 1
                time.sleep(provider.fetch_seconds)
                body = json.dumps({"keys": provider.published()}).encode()
                self.send_response(200 if self.path == "/keys?p=labs" else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._handler = Handler
        self._server = ThreadingHTTPServer(("127.0.0.1", free_port()), Handler)
        self.port = self._server.server_port
        self._serve()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/keys?p=labs"

    def rotate(self, key_id: str, *, algorithm: str = "RS256") -> None:
        """Publish a new key only."""
        if algorithm == "RS256":
            self._keys = {key_id: rsa.generate_private_key(public_exponent=65537, key_size=2048)}
        else:
            self._keys = {key_id: ec.generate_private_key(ec.SECP256R1())}

    def published(self) -> list[dict[str, Any]]:
        return [
            {
                **json.loads(
                    jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())
                    if isinstance(key, RSAPrivateKey)
                    else jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())
                ),
                "kid": key_id,
                "use": "sig",
            }
            for key_id, key in self._keys.items()
        ]

    def token(self, key_id: str = "", **claims: Any) -> str:
        """Sign a token of its own with the published key; under another id when one is given."""
        ((published, key),) = self._keys.items()
        known = {
            "sub": "ada",
            "role": "admin",
            "iss": ISSUER,
            "aud": AUDIENCE,
            "exp": 4_000_000_000,
            "n": uuid.uuid4().hex,
        }
        algorithm = "RS256" if isinstance(key, RSAPrivateKey) else "ES256"
        return jwt.encode({**known, **claims}, key, algorithm, {"kid": key_id or published})

    def _serve(self) -> None:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def go_down(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def come_back(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), self._handler)
        self._serve()


class Seconds:
    """A monotonic clock that stands."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def provider() -> Iterator[IdentityProvider]:
    made = IdentityProvider()
    made.rotate("first")
    yield made
    made.go_down()


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def app(shared_mongod: LocalMongod, tmp_path: Path, provider: IdentityProvider, seconds: Seconds) -> Iterator[Served]:
    settings = settings_for(tmp_path, f"test_{uuid.uuid4().hex}")
    trusting = {"jwks_url": provider.url, "jwt_issuer": ISSUER, "jwt_audience": AUDIENCE}
    settings = settings.model_copy(update=trusting)
    with served(shared_mongod, tmp_path, settings=settings, monotonic=seconds) as running:
        yield running


def ask(app: Served, token: str) -> httpx.Response:
    with app.client_with(token) as client:
        return client.get(f"{API}/subscriptions")


def ask_at_once(app: Served, tokens: list[str]) -> Counter[int]:
    with ThreadPoolExecutor(len(tokens)) as crowd:
        return Counter(answer.status_code for answer in crowd.map(lambda token: ask(app, token), tokens))


def test_its_tokens_are_good_for_what_they_say(app: Served, provider: IdentityProvider) -> None:
    assert ask(app, provider.token()).status_code == 200
    assert_problem(ask(app, provider.token(role="user")), 403, "forbidden")
    assert_problem(ask(app, provider.token(iss="https://elsewhere.example.org")), 401, "invalid-token")
    assert_problem(ask(app, provider.token(aud="another")), 401, "invalid-token")
    assert_problem(ask(app, provider.token(exp=1_000_000_000)), 401, "invalid-token")
    assert provider.fetches == 1


def test_a_rotated_key_is_fetched_once_for_all_who_come_with_it(
    app: Served, provider: IdentityProvider, seconds: Seconds
) -> None:
    before = provider.token()
    assert ask(app, before).status_code == 200
    provider.rotate("second", algorithm="ES256")
    seconds.now += BETWEEN_FETCHES
    provider.fetch_seconds = 0.3
    assert ask_at_once(app, [provider.token() for _ in range(12)]) == {200: 12}
    assert provider.fetches == 2
    assert ask(app, before).status_code == 200


def test_a_flood_of_unknown_keys_causes_one_fetch_in_half_a_minute(
    app: Served, provider: IdentityProvider, seconds: Seconds
) -> None:
    assert ask(app, provider.token()).status_code == 200
    assert ask_at_once(app, [provider.token(f"made-up-{number}") for number in range(12)]) == {401: 12}
    assert provider.fetches == 1
    seconds.now += BETWEEN_FETCHES
    assert ask_at_once(app, [provider.token(f"made-up-{number}") for number in range(12)]) == {401: 12}
    assert provider.fetches == 2
    assert ask(app, provider.token()).status_code == 200


def test_known_keys_go_on_while_the_provider_is_down_and_unknown_ones_wait(
    app: Served, provider: IdentityProvider, seconds: Seconds
) -> None:
    assert ask(app, provider.token()).status_code == 200
    provider.go_down()
    seconds.now += OLD
    assert ask(app, provider.token()).status_code == 200
    waiting = assert_problem(ask(app, provider.token("unknown")), 503, "unavailable")
    assert waiting["retry_after_seconds"] > 0
    provider.rotate("second")
    provider.come_back()
    assert_problem(ask(app, provider.token()), 503, "unavailable")
    seconds.now += BETWEEN_FETCHES
    assert ask(app, provider.token()).status_code == 200
    assert provider.fetches == 2


def test_a_provider_that_is_down_at_the_start_refuses_nobody_else(
    app: Served, provider: IdentityProvider, seconds: Seconds
) -> None:
    provider.go_down()
    assert_problem(ask(app, provider.token()), 503, "unavailable")
    ours = {"sub": "ada", "role": "admin", "iss": ISSUER, "aud": AUDIENCE, "exp": 4_000_000_000}
    assert ask(app, jwt.encode(ours, app.running.secrets.jwt_secret, "HS256")).status_code == 200
    provider.come_back()
    seconds.now += BETWEEN_FETCHES
    assert ask(app, provider.token()).status_code == 200


def test_a_provider_that_never_finishes_is_given_up(
    app: Served, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.kernel.signing_keys._LONGEST_FETCH_SECONDS", 0.3)
    provider.fetch_seconds = 1.0
    assert_problem(ask(app, provider.token()), 503, "unavailable")
