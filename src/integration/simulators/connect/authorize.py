"""GET and POST /o/authorize/: a login form in front of an authorization code."""

from html import escape
from urllib.parse import urlencode, urlsplit, urlunsplit

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from integration.simulators.connect.accounts import OAuthClient, Users
from integration.simulators.connect.tokens import SCOPES, TokenStore

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Sign in - Connect (simulated)</title></head>
<body>
<h1>Sign in</h1>
{error}<p>The application asks for: {scope}</p>
<form method="post" action="{action}">
<label>Username <input type="text" name="username" autocomplete="username" required></label>
<label>Password <input type="password" name="password" autocomplete="current-password" required></label>
<button type="submit" name="allow" value="Authorize">Sign in and authorize</button>
<button type="submit" name="deny" value="1" formnovalidate>Cancel</button>
</form>
</body>
</html>
"""


class AuthorizeEndpoint:
    """Asks who somebody is, and sends them back with a code."""

    def __init__(self, client: OAuthClient, users: Users, tokens: TokenStore) -> None:
        self._client = client
        self._users = users
        self._tokens = tokens

    async def __call__(self, request: Request) -> Response:
        asked = request.query_params
        # Nobody is sent to a URL that the client did not register: these two are told to the person.
        if asked.get("client_id") != self._client.client_id:
            return _refused("invalid_request", "Invalid client_id parameter value.")
        redirect_uri = asked.get("redirect_uri", "")
        if not self._client.may_be_sent_to(redirect_uri):
            return _refused("invalid_request", "Mismatching redirect URI.")
        if (error := _objection(asked)) is not None:
            return _back(redirect_uri, {"error": error[0], "error_description": error[1]}, asked)
        scope = " ".join(sorted(asked.get("scope", "").split())) or "read"
        if request.method != "POST":
            return _form(request, scope)
        said = await request.form()
        if said.get("deny"):
            return _back(redirect_uri, {"error": "access_denied"}, asked)
        user = self._users.log_in(said.get("username"), said.get("password"))
        if user is None:
            return _form(request, scope, "The username and/or password you specified are not correct.")
        code = self._tokens.new_code(
            user.username, redirect_uri, scope, asked["code_challenge"], asked.get("nonce") or None
        )
        return _back(redirect_uri, {"code": code}, asked)


def _objection(asked: QueryParams) -> tuple[str, str] | None:
    if asked.get("response_type") != "code":
        return "unsupported_response_type", "Only response_type=code is supported."
    if not set(asked.get("scope", "").split()) <= SCOPES:
        return "invalid_scope", "The requested scope is unknown."
    if not asked.get("code_challenge"):
        return "invalid_request", "Code challenge required."
    if asked.get("code_challenge_method") != "S256":
        return "invalid_request", "Transform algorithm not supported."
    return None


def _form(request: Request, scope: str, error: str = "") -> Response:
    action = escape(f"{request.url.path}?{request.url.query}")
    told = f'<p class="error">{escape(error)}</p>\n' if error else ""
    return HTMLResponse(_PAGE.format(error=told, scope=escape(scope), action=action))


def _refused(error: str, description: str) -> Response:
    page = f"<!doctype html><html><body><h1>Error: {escape(error)}</h1><p>{escape(description)}</p></body></html>"
    return HTMLResponse(page, 400)


def _back(redirect_uri: str, told: dict[str, str], asked: QueryParams) -> Response:
    if asked.get("state") is not None:
        told = {**told, "state": asked["state"]}
    parts = urlsplit(redirect_uri)
    query = "&".join(part for part in (parts.query, urlencode(told)) if part)
    return RedirectResponse(urlunsplit(parts._replace(query=query)), 302)
