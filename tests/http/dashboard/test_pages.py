"""Pages, their files, and sessions that are opened by a token."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from hatchling.builders.wheel import WheelBuilder

from api.dashboard.pages_controller import PAGES
from api.dashboard.static_files import StaticFiles
from api.kernel.authorization import Role
from tests.support.mongo import LocalMongod
from tests.support.served import API, MovableClock, Served, assert_problem, plain_client, served

SESSION = "labkeeper_session"
HTML = {"Accept": "text/html,application/xhtml+xml"}
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture(scope="module")
def app(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory, clock: MovableClock) -> Iterator[Served]:
    with served(shared_mongod, tmp_path_factory.mktemp("pages"), clock=clock) as running:
        yield running


@pytest.fixture
def browser(app: Served) -> Iterator[httpx.Client]:
    with plain_client(app.url, timeout=60) as client:
        yield client


def log_in(browser: httpx.Client, token: str, **headers: str) -> httpx.Response:
    return browser.post("/auth/session", json={"token": token}, headers=headers)


@pytest.mark.parametrize("page", [page.path for page in PAGES])
def test_a_browser_without_a_session_is_sent_to_log_in_and_a_program_is_told(browser: httpx.Client, page: str) -> None:
    answer = browser.get(page, headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login?next=%2F")
    assert_problem(browser.get(page), 401, "unauthenticated")


def test_where_they_wanted_to_go_is_kept_with_its_filters(browser: httpx.Client) -> None:
    answer = browser.get("/?assay=PCR&window=P7D", headers=HTML)
    assert answer.headers["location"] == "/login?next=%2F%3Fassay%3DPCR%26window%3DP7D"
    form = browser.get(answer.headers["location"])
    assert 'data-next="/?assay=PCR&amp;window=P7D"' in form.text
    assert "<script>" not in browser.get("/login", params={"next": '"><script>alert(1)</script>'}).text


@pytest.mark.parametrize(("address", "status"), [("/nowhere", 404), ("/login?next=" + "a" * 2001, 422)])
def test_a_browser_at_a_wrong_address_gets_a_page_and_a_program_is_told(
    browser: httpx.Client, address: str, status: int
) -> None:
    answer = browser.get(address, headers=HTML)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "To the overview" in answer.text
    assert "characters" not in answer.text
    assert_problem(browser.get(address), status)
    assert_problem(browser.get(f"{API}/nowhere", headers=HTML), 404)


def test_a_slash_at_the_end_changes_nothing(app: Served, browser: httpx.Client) -> None:
    log_in(browser, app.running.token(Role.USER))
    for page in PAGES:
        given = browser.get(page.path, headers=HTML)
        assert browser.get(f"{page.path.rstrip('/')}/", headers=HTML).text == given.text
    for none in ("//", "/alerts//", "//alerts/"):
        assert browser.get(f"{app.url}{none}", headers=HTML).status_code == 404


def test_a_page_that_takes_no_parameters_refuses_them_with_a_page(app: Served, browser: httpx.Client) -> None:
    log_in(browser, app.running.token(Role.USER))
    answer = browser.get("/system?window=bogus", headers=HTML)
    assert (answer.status_code, "does not know" in answer.text) == (422, True)


def test_the_icon_is_where_browsers_look_for_it(browser: httpx.Client) -> None:
    answer = browser.get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")


@pytest.mark.parametrize("page", [page.path for page in PAGES])
def test_pages_hold_nothing_that_their_policy_forbids(app: Served, browser: httpx.Client, page: str) -> None:
    assert log_in(browser, app.running.token(Role.USER)).status_code == 204
    answer = browser.get(page, headers=HTML)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    text = answer.text
    assert "<style" not in text
    assert " style=" not in text
    assert " on" not in {part[:3] for part in text.split("<")[1:]}
    assert text.count("<script") == text.count('<script type="module" src="/static/') + text.count("<script async src=")
    assert "http://" not in text
    assert "https://" not in text


def test_a_session_does_what_its_token_may_and_ends_with_it(
    app: Served, browser: httpx.Client, clock: MovableClock
) -> None:
    answer = log_in(browser, app.running.token(Role.MANAGER, subject="ines", ttl_seconds=600))
    assert answer.status_code == 204
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    me = browser.get("/auth/me").json()
    assert (me["username"], me["role"], me["session"], me["login_usable"]) == ("ines", "manager", True, None)
    assert browser.post(f"{API}/jobs/labs-refresh/run").status_code in (202, 409)
    assert_problem(browser.get(f"{API}/subscriptions"), 403)
    clock.advance(601)
    assert_problem(browser.get("/auth/me"), 401)
    assert browser.get("/", headers=HTML).status_code == 303
    clock.advance(-601)


def test_another_log_in_ends_the_session_before_it(app: Served, browser: httpx.Client) -> None:
    log_in(browser, app.running.token(subject="first"))
    secret = browser.cookies[SESSION]
    log_in(browser, app.running.token(subject="second"))
    assert browser.get("/auth/me").json()["username"] == "second"
    with plain_client(app.url, cookies={SESSION: secret}) as before:
        assert_problem(before.get("/auth/me"), 401)
    assert browser.post("/auth/logout").status_code == 204
    assert_problem(browser.get("/auth/me"), 401)


def test_no_session_for_tokens_that_are_not_good(app: Served, browser: httpx.Client) -> None:
    forged = jwt.encode({"sub": "x", "role": "admin", "exp": 4_000_000_000}, "0" * 32, "HS256")
    no_role = jwt.encode({"sub": "x", "exp": 4_000_000_000}, app.running.secrets.jwt_secret, "HS256")
    for token in (forged, "opaque", "a.b.c", "é.é.é"):
        assert_problem(log_in(browser, token), 401, "invalid-token")
    assert_problem(log_in(browser, no_role), 403, "forbidden")
    assert_problem(browser.post("/auth/session", json={"token": ""}), 422)
    assert SESSION not in browser.cookies


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}]
)
def test_no_other_site_logs_a_browser_in_or_out(app: Served, browser: httpx.Client, headers: dict[str, str]) -> None:
    assert_problem(log_in(browser, app.running.token(), **headers), 403, "foreign-origin")
    assert SESSION not in browser.cookies
    log_in(browser, app.running.token())
    assert_problem(browser.post("/auth/logout", headers=headers), 403, "foreign-origin")


def test_files_are_kept_for_ever_under_an_address_that_says_what_is_in_them(browser: httpx.Client) -> None:
    version = StaticFiles().version
    plotly = browser.get(f"/static/{version}/plotly.min.js")
    assert plotly.headers["content-encoding"] == "gzip"
    assert "immutable" in plotly.headers["cache-control"]
    assert plotly.text.startswith("/**\n* plotly.js")
    plain = browser.get(f"/static/{version}/dashboard.css", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["content-type"].startswith("text/css")
    tag = plain.headers["etag"]
    assert browser.get(f"/static/{version}/dashboard.css", headers={"If-None-Match": tag}).status_code == 304
    older = browser.get("/static/0000/dashboard.css")
    assert (older.status_code, older.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fpages_controller.py", "%2e%2e", "pages_controller.py", "a%00.js"])
def test_nothing_else_is_given_as_a_file(browser: httpx.Client, name: str) -> None:
    assert browser.get(f"/static/0/{name}").status_code in (404, 422)


def test_templates_and_files_are_in_the_wheel(tmp_path: Path) -> None:
    built = next(iter(WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])))
    names = set(zipfile.ZipFile(built).namelist())
    folder = ROOT / "src" / "api" / "dashboard"
    wanted = [path for kind in ("templates", "static") for path in (folder / kind).iterdir()]
    assert len(wanted) > 15
    assert {f"api/dashboard/{path.parent.name}/{path.name}" for path in wanted} <= names
