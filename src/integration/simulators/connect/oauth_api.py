"""Everything below ``/o/``."""

import base64
import binascii
import hashlib
from secrets import compare_digest
from urllib.parse import unquote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integration.simulators.connect.accounts import OAuthClient, Users
from integration.simulators.connect.authorize import AuthorizeEndpoint
from integration.simulators.connect.id_tokens import IdTokens, claims_about
from integration.simulators.connect.tokens import SCOPES, TokenStore
from integration.simulators.connect.wire import answer


class OAuthApi:
    """The authorization server."""

    def __init__(self, client: OAuthClient, users: Users, tokens: TokenStore) -> None:
        self._client = client
        self._users = users
        self._tokens = tokens
        self._id_tokens = IdTokens()

    def routes(self) -> list[Route]:
        """Return all routes."""
        authorize = AuthorizeEndpoint(self._client, self._users, self._tokens)
        return [
            Route("/o/authorize/", authorize.__call__, methods=["GET", "POST"]),
            Route("/o/token/", self.token, methods=["POST"]),
            Route("/o/introspect/", self.introspect, methods=["POST"]),
            Route("/o/revoke_token/", self.revoke, methods=["POST"]),
            Route("/o/userinfo/", self.userinfo, methods=["GET", "POST"]),
            Route("/o/.well-known/openid-configuration", self.configuration),
            Route("/o/.well-known/jwks.json", self.keys),
        ]

    async def token(self, request: Request) -> Response:
        said = await request.form()
        if not self._is_client(request, said):
            return answer({"error": "invalid_client"}, 401)
        grants = {
            "authorization_code": self._by_code,
            "refresh_token": self._by_refresh,
            "password": self._by_password,
            "client_credentials": self._by_client,
        }
        grant = grants.get(_text(said, "grant_type"))
        if grant is None:
            return answer({"error": "unsupported_grant_type"}, 400)
        response = grant(request, said)
        response.headers["cache-control"] = "no-store"
        return response

    async def introspect(self, request: Request) -> Response:
        said = await request.form()
        if not self._client.is_it(*_basic(request)):
            return answer({"detail": "Authentication credentials were not provided."}, 403)
        token = self._tokens.who(_text(said, "token"))
        if token is None:
            return answer({"active": False})
        told = {"active": True, "scope": token.scope, "exp": int(token.expires_at), "client_id": self._client.client_id}
        return answer(told | ({} if token.username is None else {"username": token.username}))

    async def revoke(self, request: Request) -> Response:
        said = await request.form()
        if not self._is_client(request, said):
            return answer({"error": "invalid_client"}, 401)
        self._tokens.revoke(_text(said, "token"))
        return Response(b"", 200)

    async def userinfo(self, request: Request) -> Response:
        token = self._tokens.who(bearer_of(request) or "")
        user = self._users.find(token.username) if token is not None else None
        if token is None or user is None:
            challenge = {"www-authenticate": 'Bearer error="invalid_token"'}
            return Response(b'{"error":"invalid_token"}', 401, challenge, "application/json")
        if "openid" not in token.scope.split():
            return answer({"error": "insufficient_scope"}, 403)
        return answer(claims_about(user))

    async def configuration(self, request: Request) -> Response:
        issuer = _issuer(request)
        return answer(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize/",
                "token_endpoint": f"{issuer}/token/",
                "userinfo_endpoint": f"{issuer}/userinfo/",
                "jwks_uri": f"{issuer}/.well-known/jwks.json",
                "scopes_supported": sorted(SCOPES),
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def keys(self, _request: Request) -> Response:
        return answer(self._id_tokens.public_keys())

    def _by_code(self, request: Request, said: FormData) -> Response:
        code = self._tokens.spend_code(_text(said, "code"))
        if code is None or code.redirect_uri != _text(said, "redirect_uri"):
            return answer({"error": "invalid_grant"}, 400)
        if not _answers(_text(said, "code_verifier"), code.challenge):
            return answer({"error": "invalid_grant", "error_description": "Invalid code verifier."}, 400)
        told = self._tokens.give(code.username, code.scope, family=code.family)
        user = self._users.find(code.username)
        if user is not None and "openid" in code.scope.split():
            told["id_token"] = self._id_tokens.sign(
                _issuer(request), self._client.client_id, user, told["access_token"], code.nonce
            )
        return answer(told)

    def _by_refresh(self, _request: Request, said: FormData) -> Response:
        told = self._tokens.refreshed(_text(said, "refresh_token"), _text(said, "scope") or None)
        return answer({"error": "invalid_grant"}, 400) if told is None else answer(told)

    def _by_password(self, _request: Request, said: FormData) -> Response:
        user = self._users.log_in(said.get("username"), said.get("password"))
        if user is None:
            return answer({"error": "invalid_grant", "error_description": "Invalid credentials given."}, 400)
        scope = _scope(said)
        return (
            answer({"error": "invalid_scope"}, 400)
            if scope is None
            else answer(self._tokens.give(user.username, scope))
        )

    def _by_client(self, _request: Request, said: FormData) -> Response:
        scope = _scope(said)
        return (
            answer({"error": "invalid_scope"}, 400)
            if scope is None
            else answer(self._tokens.give(None, scope, with_refresh=False))
        )

    def _is_client(self, request: Request, said: FormData) -> bool:
        return self._client.is_it(*_basic(request)) or self._client.is_it(
            said.get("client_id"), said.get("client_secret")
        )


def bearer_of(request: Request) -> str | None:
    """Return the bearer token of a request; None without one."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() or None if kind.lower() == "bearer" else None


def _text(said: FormData, name: str) -> str:
    value = said.get(name)
    return value if isinstance(value, str) else ""


def _scope(said: FormData) -> str | None:
    asked = _text(said, "scope").split() or ["read"]
    return " ".join(sorted(asked)) if set(asked) <= SCOPES else None


def _basic(request: Request) -> tuple[str | None, str | None]:
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None, None
    try:
        client_id, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None, None
    return unquote(client_id), unquote(secret)


def _answers(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode()).digest()
    return compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), challenge.encode())


def _issuer(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/o"
