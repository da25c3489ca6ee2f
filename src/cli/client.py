"""Talking to a running Labkeeper."""

import os
from collections.abc import Iterator
from typing import Any

import httpx

from cli.errors import CommandError
from cli.server_file import find_server

API = "/api/v1"
TOKEN_SECONDS = 3600
PAGE = 200


class LabkeeperClient:
    """The API as commands see it: JSON or a ``CommandError`` that people can read."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        # No proxies: what is asked is this installation, most often on this machine.
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=90.0, trust_env=False)

    def get(self, path: str, **params: Any) -> Any:
        """Return what a path answers; parameters that are None are left out."""
        return self.request("GET", path, params={name: value for name, value in params.items() if value is not None})

    def post(self, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Post, and return the answer; None when there is none."""
        return self.request("POST", path, headers=headers, **({} if body is None else {"json": body}))

    def delete(self, path: str) -> None:
        """Delete what is there."""
        self.request("DELETE", path)

    def pages(self, path: str, limit: int | None = None, **params: Any) -> list[dict[str, Any]]:
        """Return the items of a paged list: all, or the first ``limit``."""
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            wanted = PAGE if limit is None else min(PAGE, limit - len(items))
            page = self.get(path, limit=wanted, cursor=cursor, **params)
            items += page["items"]
            cursor = page["next_cursor"]
            if cursor is None or (limit is not None and len(items) >= limit):
                return items

    def request(self, method: str, path: str, **options: Any) -> Any:
        """Send a request and return the decoded answer."""
        try:
            response = self.http.request(method, API + path, **options)
        except httpx.HTTPError as error:
            raise nobody_answers(self.url, error) from error
        if not response.is_success:
            raise CommandError(describe_refusal(response))
        if not response.content:
            return None
        try:
            return response.json()
        except ValueError as error:
            raise CommandError(f"what answers at {self.url} is not Labkeeper") from error


def connect() -> LabkeeperClient:
    """Return a client of ``LABKEEPER_URL``, else of the server that the data folder names.

    Without ``LABKEEPER_TOKEN`` a short-lived token is made with the secret of the data folder.
    """
    url, token = os.environ.get("LABKEEPER_URL", ""), os.environ.get("LABKEEPER_TOKEN", "")
    if url and not url.startswith(("http://", "https://")):
        raise CommandError("LABKEEPER_URL must begin with http:// or https://")
    if not url or not token:
        from cli.configuration import load_settings

        settings = load_settings()
        server = find_server(settings.data_dir)
        port = settings.port or 8080
        url = url or (server.url if server else f"http://127.0.0.1:{port}")
        if not token and (settings.jwt_secret or settings.data_dir.is_dir()):
            from cli.signed_tokens import secrets_of, signed_token

            token = signed_token(settings, secrets_of(settings), "admin", "cli", TOKEN_SECONDS)
    return LabkeeperClient(url, token)


def nobody_answers(url: str, error: httpx.HTTPError) -> CommandError:
    """Return what to tell when a request brought no answer."""
    if isinstance(error, httpx.ConnectError):
        return CommandError(f"no Labkeeper answers at {url}; start one with `labkeeper serve` or set LABKEEPER_URL")
    if isinstance(error, httpx.TimeoutException):
        return CommandError(f"Labkeeper at {url} took too long to answer")
    return CommandError(f"the connection to {url} broke: {error}")


def describe_refusal(response: httpx.Response) -> str:
    """Return a refusal as one line."""
    try:
        problem = response.json()
        broken = [f"{entry['field']}: {entry['rule']}" for entry in problem.get("errors", [])]
        parts = [str(problem["title"]), *(broken or [str(problem.get("detail") or "no details")])]
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{response.request.url} answered {response.status_code}, which is no answer of Labkeeper"
    if response.status_code == httpx.codes.UNAUTHORIZED:
        parts.append("set LABKEEPER_TOKEN, or run this where the server's data folder is")
    return f"{response.status_code} {': '.join(parts)}".replace("\n", " ")


def follow_lines(response: httpx.Response) -> Iterator[tuple[dict[str, str], str]]:
    """Return the events of a stream: the fields of each, and its data."""
    fields: dict[str, str] = {}
    data: list[str] = []
    for line in response.iter_lines():
        if not line:
            if data:
                yield fields, "\n".join(data)
            fields, data = {}, []
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            else:
                fields[name] = value
