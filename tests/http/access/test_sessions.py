"""Sessions: how long they last, how they end, and what a cookie alone may not do."""

from datetime import timedelta

import pytest

from application.contracts.memberships import UpstreamTokens
from integration.access.mongo_sessions import ABSOLUTE, IDLE
from tests.http.access.people import SESSION, Installation
from tests.support.served import API, assert_problem

EVIL = {"Origin": "https://evil.example"}


def test_logging_out_ends_the_session_and_forgets_the_tokens(here: Installation) -> None:
    browser = here.logged_in()
    secret = browser.cookies[SESSION]
    answer = browser.post("/auth/logout")
    assert answer.status_code == 204
    assert SESSION not in browser.cookies
    assert_problem(here.browser().get("/auth/me", headers={"Cookie": f"{SESSION}={secret}"}), 401)
    assert here.stored("access_sessions") == []
    assert here.stored("access_grants") == []
    assert_problem(browser.post("/auth/logout"), 401)


def test_the_tokens_stay_while_the_same_person_has_another_session(here: Installation) -> None:
    one, two = here.logged_in(), here.logged_in()
    assert one.post("/auth/logout").status_code == 204
    assert two.get("/auth/me").json()["login_usable"] is True
    assert here.app.run(here.app.service(UpstreamTokens).usernames_async()) == ["asha"]


def test_an_idle_session_ends_and_a_used_one_goes_on(here: Installation) -> None:
    browser, idle = here.logged_in(), here.logged_in("brian")
    for _ in range(3):
        here.clock.advance(IDLE.total_seconds() - 60)
        assert browser.get("/auth/me").status_code == 200
    assert_problem(idle.get("/auth/me"), 401, "unauthenticated")


def test_no_session_outlives_its_absolute_end(here: Installation) -> None:
    browser = here.logged_in()
    for _ in range(int(ABSOLUTE / (IDLE / 2))):
        assert browser.get("/api/v1/labs").status_code == 200
        here.clock.advance((IDLE / 2).total_seconds())
    assert_problem(browser.get("/api/v1/labs"), 401)


def test_the_database_knows_no_session_by_its_secret_and_lets_old_ones_go(here: Installation) -> None:
    browser = here.logged_in()
    (kept,) = here.stored("access_sessions")
    assert browser.cookies[SESSION] not in repr(kept)
    assert kept["ends_at"] - kept["opened_at"] == ABSOLUTE
    assert kept["expires_at"] - kept["opened_at"] <= IDLE + timedelta(seconds=1)
    with here.app.mongod.client() as client:
        for name in ("access_sessions", "access_grants", "access_logins"):
            indexes = client[here.app.database][name].index_information()
            assert indexes["expires_at_1"]["expireAfterSeconds"] == 0


@pytest.mark.parametrize("headers", [EVIL, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}])
def test_another_sites_page_changes_nothing_with_a_cookie(here: Installation, headers: dict[str, str]) -> None:
    browser = here.logged_in()
    for method, path in (("POST", "/auth/logout"), ("PUT", "/auth/context"), ("POST", f"{API}/users")):
        assert_problem(browser.request(method, path, headers=headers, json={}), 403, "foreign-origin")
    assert browser.get("/auth/me", headers=headers).status_code == 200
    own = {"Origin": here.app.url, "Sec-Fetch-Site": "same-origin"}
    assert browser.put("/auth/context", headers=own, json={}).status_code == 200


def test_a_token_in_the_header_is_believed_from_anywhere_and_goes_before_a_cookie(here: Installation) -> None:
    browser = here.logged_in()
    ours = {"Authorization": f"Bearer {here.app.running.token(subject='ada')}"}
    assert browser.get("/auth/me", headers=ours).json()["username"] == "ada"
    assert browser.put("/auth/context", headers={**ours, **EVIL}, json={}).status_code == 409
    assert_problem(browser.get("/auth/me", headers={"Authorization": "Bearer x.y.z"}), 401, "invalid-token")


@pytest.mark.parametrize("value", ["x", "", "a" * 300, "$ne", '{"$gt":""}', "\u00e9", '"quoted"', "a=b"])
def test_a_cookie_that_is_no_session_is_401(here: Installation, value: str) -> None:
    headers = [(b"cookie", f"{SESSION}={value}".encode())]
    assert_problem(here.browser().get("/auth/me", headers=headers), 401, "unauthenticated")


def test_a_session_holds_a_labs_context_until_its_place_is_gone(here: Installation) -> None:
    admin = here.app.client()
    for slug in ("lwala", "reach"):
        admin.post(f"{API}/organizations", json={"slug": slug, "name": slug})
    admin.post(f"{API}/users", json={"username": "asha"})
    for slug in ("lwala", "reach"):
        admin.post(f"{API}/memberships", json={"username": "asha", "organization": slug})
    ids = {one["slug"]: one["id"] for one in admin.get(f"{API}/organizations").json()["items"]}
    browser = here.logged_in()
    empty = {"opportunity_id": None, "program_id": None, "organization_id": None}
    assert browser.get("/auth/me").json()["context"] == empty
    chosen = browser.put("/auth/context", json={"organization_id": "reach"})
    assert chosen.json() == {**empty, "organization_id": ids["reach"]}
    assert browser.get("/auth/me").json()["context"]["organization_id"] == ids["reach"]
    beaten = browser.get("/auth/me", params={"organization_id": "lwala"}).json()["context"]
    assert beaten["organization_id"] == ids["lwala"]
    assert here.logged_in().get("/auth/me").json()["context"] == empty
    for foreign in ({"organization_id": "dimagi"}, {"organization_id": 99}, {"program_id": 1}, {"opportunity_id": 1}):
        assert_problem(browser.put("/auth/context", json=foreign), 404)
    assert admin.delete(f"{API}/memberships/reach/asha").status_code == 204
    assert browser.get("/auth/me").json()["context"]["organization_id"] == ids["lwala"]
    assert browser.put("/auth/context", json={}).json()["organization_id"] == ids["lwala"]
    for bad in ({"organization_id": True}, {"organization_id": ""}, {"opportunity_id": "1"}, {"x": 1}):
        assert_problem(browser.put("/auth/context", json=bad), 422)
