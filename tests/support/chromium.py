"""A browser for tests: the system's own Chromium, driven by playwright, with its complaints written down."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

HOW_TO_GET_IT = (
    "there is no Chromium: install it (Debian and Ubuntu: apt-get install chromium), "
    "or set LABKEEPER_CHROMIUM to the path of one"
)
ARTIFACTS = Path(__file__).resolve().parents[2] / ".artifacts"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium_path() -> str | None:
    """Return the path of a Chromium; None where there is none."""
    wanted = os.environ.get("LABKEEPER_CHROMIUM")
    if wanted:
        return wanted
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser until the block ends. Without one the test is skipped; where CI is set it fails."""
    path = chromium_path()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(HOW_TO_GET_IT)
        pytest.skip(HOW_TO_GET_IT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


class Visitor:
    """Somebody at a browser.

    Attributes:
        complaints: what the console said that is no information, and requests that left for another host.
    """

    def __init__(self, browser: Browser, url: str, **options: object) -> None:
        self.url = url
        self.complaints: list[str] = []
        self._forgiven: list[str] = []
        self.context: BrowserContext = browser.new_context(base_url=url, **options)  # type: ignore[arg-type]
        self.context.set_default_timeout(15_000)
        self.context.on("request", self._watch)
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(f"error on {page.url}: {error}"))
        return page

    def log_in(self, token: str) -> None:
        """Go in by the login page and wait for the page that follows."""
        self.page.goto("/login")
        self.page.get_by_label("Access token").fill(token)
        self.page.get_by_role("button", name="Log in", exact=True).click()
        self.page.wait_for_url(f"{self.url}/")

    def enter(self, token: str, path: str | None = None) -> None:
        """Have the session that the login page opens, without that page; go to a page, where one is given."""
        answer = self.context.request.post("/auth/session", data={"token": token})
        assert answer.status == 204, answer.text()
        if path is not None:
            self.page.goto(path)

    def forgive(self, text: str) -> None:
        """Take it for granted that the console tells of a failed request whose message holds this."""
        self._forgiven.append(text)

    def screenshot(self, name: str, *, full: bool = True) -> Path:
        """Keep a picture of the page among the artefacts of the run."""
        ARTIFACTS.mkdir(exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        self.page.screenshot(path=path, full_page=full)
        return path

    def _watch(self, request: Request) -> None:
        there = urlsplit(request.url)
        if there.scheme in ("http", "https", "ws", "wss") and there.netloc != urlsplit(self.url).netloc:
            self.complaints.append(f"request to {request.url}")

    def _listen(self, message: ConsoleMessage) -> None:
        if any(text in message.text for text in self._forgiven) and "Failed to load resource" in message.text:
            return
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")
