"""The whole login at a simulated Connect, and everything that may be wrong with one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest

from application.access.connect_logins import PendingLogin
from tests.http.access.lying_connect import LyingConnect
from tests.http.access.people import COLLECTIONS, LOGIN, SESSION, Installation, installed, state_of
from tests.support.connect import ConnectSimulator, log_in_without_browser, query_of
from tests.support.mongo import LocalMongod
from tests.support.served import assert_problem
from tests.unit.access.test_local_paths import ELSEWHERE


def nothing_stored(here: Installation, *but: str) -> bool:
    return all(here.stored(name) == [] for name in COLLECTIONS if name not in but)


def cookies_of(answer: httpx.Response) -> dict[str, str]:
    """Return the Set-Cookie lines by name of the cookie."""
    return {line.partition("=")[0]: line for line in answer.headers.get_list("set-cookie")}


def test_somebody_logs_in_and_is_known_by_the_cookie_alone(here: Installation) -> None:
    browser = here.browser()
    asked = here.begun(browser, "/api/v1/docs?x=1")
    assert asked.startswith(f"{here.connect.url}/o/authorize/?")
    query = query_of(asked)
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert query["redirect_uri"] == f"{here.app.url}/auth/callback"
    assert set(query["scope"].split()) == {"export", "openid"}
    assert len(query["state"]) >= 40
    assert len(query["nonce"]) >= 40
    answer = browser.get(here.returned(asked))
    assert (answer.status_code, answer.headers["location"]) == (303, "/api/v1/docs?x=1")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    me = browser.get("/auth/me").json()
    assert (me["username"], me["name"], me["email"]) == ("asha", "Asha Otieno", "asha@lwala.example")
    assert (me["role"], me["session"], me["login_usable"]) == ("user", True, True)
    assert browser.get("/api/v1/labs").status_code == 200
    assert_problem(browser.get("/api/v1/webhooks"), 403, "forbidden")
    assert here.stored("access_logins") == []


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(here: Installation) -> None:
    browser = here.browser()
    begun = browser.get("/auth/login")
    finished = browser.get(here.returned(begun.headers["location"]))
    for answer, name in ((begun, LOGIN), (finished, SESSION)):
        line = cookies_of(answer)[name]
        assert {"HttpOnly", "Path=/", "SameSite=lax"} <= set(line.split("; ")), line
        assert "Secure" not in line
        assert "Domain" not in line
    assert "Max-Age=0" in cookies_of(finished)[LOGIN]


def test_behind_tls_cookies_are_secure_and_bound_to_the_host(
    shared_mongod: LocalMongod, tmp_path: Path, connect: ConnectSimulator
) -> None:
    with installed(shared_mongod, tmp_path, connect, public_url="https://localhost") as here:
        browser = here.browser()
        begun = browser.get("/auth/login")
        line = cookies_of(begun)[f"__Host-{LOGIN}"]
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(line.split("; "))
        assert query_of(begun.headers["location"])["redirect_uri"] == "https://localhost/auth/callback"
        secret = line.partition("=")[2].partition(";")[0]
        back = log_in_without_browser(begun.headers["location"], "asha").removeprefix("https://localhost")
        finished = here.browser().get(back, headers={"Cookie": f"__Host-{LOGIN}={secret}"})
        assert finished.status_code == 303, finished.text
        line = cookies_of(finished)[f"__Host-{SESSION}"]
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(line.split("; "))
        session = line.partition("=")[2].partition(";")[0]
        assert here.browser().get("/auth/me", headers={"Cookie": f"__Host-{SESSION}={session}"}).status_code == 200
        assert_problem(here.browser().get("/auth/me", headers={"Cookie": f"{SESSION}={session}"}), 401)


def test_a_trusted_proxy_that_speaks_tls_makes_cookies_secure_and_logging_out_drops_them(
    shared_mongod: LocalMongod, tmp_path: Path, connect: ConnectSimulator
) -> None:
    behind = {"X-Forwarded-Proto": "https"}
    with installed(shared_mongod, tmp_path, connect, trusted_proxies="127.0.0.1") as here:
        begun = here.browser().get("/auth/login", headers=behind)
        line = cookies_of(begun)[f"__Host-{LOGIN}"]
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(line.split("; "))
        own = here.app.url.replace("http://", "https://")
        back = log_in_without_browser(begun.headers["location"], "asha").removeprefix(own)
        finished = here.browser().get(back, headers={**behind, "Cookie": line.partition(";")[0]})
        assert finished.status_code == 303, finished.text
        assert "Secure" in cookies_of(finished)[f"__Host-{LOGIN}"]
        line = cookies_of(finished)[f"__Host-{SESSION}"]
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=lax"} <= set(line.split("; "))
        known = {"Cookie": line.partition(";")[0]}
        assert here.browser().get("/auth/me", headers={**behind, **known}).json()["username"] == "asha"
        assert_problem(here.browser().get("/auth/me", headers=known), 401)
        ended = here.browser().post("/auth/logout", headers={**behind, **known})
        assert ended.status_code == 204
        assert set(cookies_of(ended)) == {f"__Host-{SESSION}"}
        assert {"Max-Age=0", "Secure", "Path=/"} <= set(cookies_of(ended)[f"__Host-{SESSION}"].split("; "))
        assert here.stored("access_sessions") == []


def test_nobody_but_a_trusted_proxy_makes_cookies_secure(here: Installation) -> None:
    begun = here.browser().get("/auth/login", headers={"X-Forwarded-Proto": "https"})
    assert list(cookies_of(begun)) == [LOGIN]
    assert "Secure" not in cookies_of(begun)[LOGIN]


@pytest.mark.parametrize("target", [one for one in ELSEWHERE if one])
def test_nobody_is_sent_elsewhere(here: Installation, target: str) -> None:
    answer = here.browser().get(f"/auth/login?next={quote(target, safe='')}")
    assert_problem(answer, 422)
    assert "location" not in answer.headers
    assert nothing_stored(here)


def test_without_a_target_one_learns_who_one_is(here: Installation) -> None:
    browser = here.browser()
    assert browser.get(here.returned(here.begun(browser))).headers["location"] == "/auth/me"


@pytest.mark.parametrize("state", ["forged", "", None, "a" * 43, "\u00e9", "$ne"])
def test_a_forged_state_is_refused_and_costs_the_login_under_way_nothing(here: Installation, state: str | None) -> None:
    browser = here.browser()
    asked = here.begun(browser)
    code = query_of(here.returned(asked))["code"]
    params = {"code": code} if state is None else {"code": code, "state": state}
    assert_problem(browser.get("/auth/callback", params=params), 400, "login-failed")
    assert nothing_stored(here, "access_logins")
    assert browser.get("/auth/callback", params={"code": code, "state": state_of(asked)}).status_code == 303


def test_a_state_is_good_for_the_browser_that_began_and_for_no_other(here: Installation) -> None:
    attacker, victim = here.browser(), here.browser()
    back = here.returned(here.begun(attacker), "brian")
    assert_problem(victim.get(back), 400, "login-failed")
    here.begun(victim)
    assert_problem(victim.get(back), 400, "login-failed")
    assert SESSION not in victim.cookies
    assert attacker.get(back).status_code == 303


def test_a_state_is_good_once_and_a_replay_ends_in_a_refusal(here: Installation) -> None:
    browser = here.browser()
    asked = here.begun(browser)
    back, login = here.returned(asked), browser.cookies[LOGIN]
    assert browser.get(back).status_code == 303
    replay = here.browser().get(back, headers={"Cookie": f"{LOGIN}={login}"})
    assert_problem(replay, 400, "login-failed")
    assert len(here.stored("access_sessions")) == 1
    assert browser.get("/auth/me").json()["login_usable"] is True


def test_of_two_returns_at_once_one_gets_in(here: Installation) -> None:
    browser = here.browser()
    back = here.returned(here.begun(browser))
    headers = {"Cookie": f"{LOGIN}={browser.cookies[LOGIN]}"}
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: here.browser().get(back, headers=headers).status_code, range(6)))
    assert sorted(statuses) == [303] + [400] * 5
    assert len(here.stored("access_sessions")) == 1


def test_a_login_that_took_too_long_is_refused(here: Installation) -> None:
    browser = here.browser()
    back = here.returned(here.begun(browser))
    here.clock.advance(601)
    assert_problem(browser.get(back), 400, "login-failed")
    assert nothing_stored(here)


def test_a_code_that_was_used_before_opens_no_session(here: Installation) -> None:
    first, second = here.browser(), here.browser()
    code = query_of(here.returned(here.begun(first)))["code"]
    state = state_of(here.begun(first))
    assert first.get("/auth/callback", params={"code": code, "state": state}).status_code in (303, 400)
    state = state_of(here.begun(second))
    assert_problem(second.get("/auth/callback", params={"code": code, "state": state}), 400, "login-failed")
    assert SESSION not in second.cookies


def test_a_code_of_another_login_does_not_fit_the_verifier(here: Installation) -> None:
    attacker, victim = here.browser(), here.browser()
    code = query_of(here.returned(here.begun(attacker), "brian"))["code"]
    state = state_of(here.begun(victim))
    assert_problem(victim.get("/auth/callback", params={"code": code, "state": state}), 400, "login-failed")
    assert nothing_stored(here, "access_logins")


@pytest.mark.parametrize("params", [{"error": "access_denied", "error_description": "<b>no</b>"}, {}, {"code": ""}])
def test_whoever_is_not_let_in_at_connect_is_not_let_in_here(here: Installation, params: dict[str, str]) -> None:
    browser = here.browser()
    state = state_of(here.begun(browser))
    answer = browser.get("/auth/callback", params={"state": state, **params})
    assert_problem(answer, 400, "login-failed")
    assert "<b>" not in answer.text
    assert nothing_stored(here)


@pytest.fixture(scope="module")
def lied_to(shared_mongod: LocalMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose Connect gives whatever id token it is told to."""
    folder = tmp_path_factory.mktemp("lied_to")
    with LyingConnect() as connect, installed(shared_mongod, folder, connect) as found:
        yield found


@pytest.mark.parametrize("claims", [{"nonce": "another"}, {"aud": "another"}, {"exp": 1}, {"nonce": None}, None])
def test_an_id_token_of_another_login_opens_no_session(lied_to: Installation, claims: dict[str, Any] | None) -> None:
    lied_to.end_all()
    connect, browser = lied_to.connect, lied_to.browser()
    query = query_of(lied_to.begun(browser))
    honest = {"nonce": query["nonce"], "aud": query["client_id"], "exp": 4_000_000_000}
    connect.id_token = "rubbish" if claims is None else jwt.encode({**honest, **claims}, "k" * 32)
    back = {"state": query["state"], "code": "c"}
    assert_problem(browser.get("/auth/callback", params=back), 400, "login-failed")
    assert nothing_stored(lied_to)
    connect.id_token = jwt.encode({**honest, "nonce": query_of(lied_to.begun(browser))["nonce"]}, "k" * 32)
    assert_problem(browser.get("/auth/callback", params=back), 400, "login-failed")
    query = query_of(lied_to.begun(browser))
    connect.id_token = jwt.encode({**honest, "nonce": query["nonce"]}, "k" * 32)
    assert browser.get("/auth/callback", params={"state": query["state"], "code": "c"}).status_code == 303


def test_a_login_makes_a_session_of_its_own_and_ends_the_one_before(here: Installation) -> None:
    browser = here.logged_in("asha")
    before = browser.cookies[SESSION]
    here.logged_in("brian", browser)
    assert browser.cookies[SESSION] != before
    assert browser.get("/auth/me").json()["username"] == "brian"
    stale = here.browser().get("/auth/me", headers={"Cookie": f"{SESSION}={before}"})
    assert_problem(stale, 401, "unauthenticated")


def test_a_session_that_somebody_else_planted_is_not_taken_over(here: Installation) -> None:
    planted = "x" * 43
    browser = here.browser(cookies={SESSION: planted})
    here.logged_in("asha", browser)
    assert all(line["_id"] != planted for line in here.stored("access_sessions"))
    assert_problem(here.browser().get("/auth/me", headers={"Cookie": f"{SESSION}={planted}"}), 401)


def test_what_connect_adds_to_the_return_is_taken_and_what_it_never_sends_is_not(here: Installation) -> None:
    browser = here.browser()
    back = here.returned(here.begun(browser))
    assert_problem(browser.get(back + "&admin=1"), 422)
    assert browser.get(back + "&iss=x&scope=export&session_state=y").status_code == 303


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "html"}, {"kind": "drop_before"}])
@pytest.mark.parametrize("path", ["/o/token/", "/o/introspect/"])
def test_a_connect_that_fails_in_the_middle_is_an_outage_and_leaves_nothing(
    here: Installation, fault: dict[str, Any], path: str
) -> None:
    browser = here.browser()
    back = here.returned(here.begun(browser))
    here.connect.set_faults({**fault, "path": path})
    answer = browser.get(back)
    problem = assert_problem(answer, 503, "unavailable")
    assert "retry-after" in answer.headers
    assert here.connect.client_secret not in problem["detail"]
    assert nothing_stored(here)


def test_a_name_that_cannot_be_asked_for_keeps_nobody_out(here: Installation) -> None:
    here.connect.set_faults({"kind": "status", "status": 500, "path": "/o/userinfo/"})
    me = here.logged_in("asha").get("/auth/me").json()
    assert (me["username"], me["name"]) == ("asha", "")


def test_what_is_kept_of_a_login_under_way_says_nothing(here: Installation) -> None:
    browser = here.browser()
    asked = here.begun(browser, "/api/v1/labs")
    kept = repr(here.stored("access_logins"))
    for secret in (state_of(asked), query_of(asked)["nonce"], browser.cookies[LOGIN], "/api/v1/labs"):
        assert secret not in kept
    assert "verifier=" not in repr(PendingLogin("v", "n", "r", "/"))


def test_the_host_header_leads_nobody_away(here: Installation) -> None:
    answer = here.browser().get("/auth/login", headers={"Host": "evil.example/x?"})
    assert_problem(answer, 400, "malformed-header")
