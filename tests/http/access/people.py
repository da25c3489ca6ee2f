"""People with browsers, who log in at a simulated Connect."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from settings import ConnectSettings, RecordsSettings
from tests.support.app import settings_for
from tests.support.connect import log_in_without_browser, query_of
from tests.support.mongo import LocalMongod
from tests.support.served import MovableClock, Served, plain_client, served

SESSION, LOGIN = "labkeeper_session", "labkeeper_login"
COLLECTIONS = ("access_sessions", "access_grants", "access_logins")


class Installation:
    """A served application, the Connect that it knows, and browsers."""

    def __init__(self, app: Served, connect: Any, clock: MovableClock) -> None:
        self.app = app
        self.connect = connect
        self.clock = clock

    def browser(self, **options: Any) -> httpx.Client:
        """Return a browser that follows no redirect unasked."""
        return plain_client(self.app.url, timeout=60, **options)

    def begun(self, browser: httpx.Client, next_path: str | None = None) -> str:
        """Begin a login; return the URL at Connect that the browser is sent to."""
        answer = browser.get("/auth/login", params={} if next_path is None else {"next": next_path})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def returned(self, authorize_url: str, username: str = "asha") -> str:
        """Log in at Connect; return the path and query by which the browser comes back."""
        url = log_in_without_browser(authorize_url, username)
        assert url.startswith(f"{self.app.url}/auth/callback?"), url
        return url.removeprefix(self.app.url)

    def logged_in(self, username: str = "asha", browser: httpx.Client | None = None) -> httpx.Client:
        """Return a browser whose person has logged in."""
        browser = browser or self.browser()
        answer = browser.get(self.returned(self.begun(browser), username))
        assert answer.status_code == 303, answer.text
        return browser

    def stored(self, collection: str) -> list[dict[str, Any]]:
        """Return all documents of a collection."""
        with self.app.mongod.client() as client:
            return list(client[self.app.database][collection].find({}))

    def end_all(self) -> None:
        """Forget every session and login."""
        with self.app.mongod.client() as client:
            for name in COLLECTIONS:
                client[self.app.database][name].delete_many({})


@contextmanager
def installed(
    mongod: LocalMongod,
    folder: Path,
    connect: Any,
    *,
    database: str | None = None,
    telemetry: Any = None,
    repository: str = "local",
    **settings: Any,
) -> Iterator[Installation]:
    """Serve an application that knows a Connect until the block ends."""
    given = settings_for(folder, database or f"test_{uuid.uuid4().hex}")
    given.__dict__["connect"] = ConnectSettings(
        url=connect.url, client_id=connect.client_id, client_secret=connect.client_secret
    )
    given.__dict__["records"] = RecordsSettings(repository=repository)  # type: ignore[arg-type]
    for name, value in settings.items():
        setattr(given, name, value)
    clock = MovableClock()
    with served(mongod, folder, database=database, settings=given, clock=clock, telemetry=telemetry) as app:
        yield Installation(app, connect, clock)


def state_of(authorize_url: str) -> str:
    """Return the state that an authorize URL carries."""
    return query_of(authorize_url)["state"]
