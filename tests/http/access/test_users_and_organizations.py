"""Users, organisations and memberships over HTTP, and who sees what because of them."""

import uuid
from typing import Any

import httpx
import pytest

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from application.contracts.memberships import MembershipDirectory, Memberships
from tests.support.served import API, Served, assert_problem


@pytest.fixture
def admin(app: Served) -> httpx.Client:
    return app.client(Role.ADMIN)


def fresh(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def made(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(API + path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def seen_by(app: Served, username: str) -> Memberships:
    found: Memberships = app.run(app.service(MembershipDirectory).of_async(username))
    return found


def test_a_user_is_created_changed_listed_and_removed(admin: httpx.Client) -> None:
    name = fresh("asha")
    answer = admin.post(f"{API}/users", json={"username": name, "name": "Asha", "email": "asha@example.org"})
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{API}/users/{name}"
    assert answer.headers["etag"] == '"1"'
    path = answer.headers["location"]
    assert admin.get(path).json() == answer.json()
    assert admin.get(path, headers={"If-None-Match": '"1"'}).status_code == 304
    changed = admin.patch(path, json={"active": False}, headers={"If-Match": '"1"'})
    assert (changed.json()["active"], changed.json()["name"], changed.headers["etag"]) == (False, "Asha", '"2"')
    assert_problem(admin.patch(path, json={"name": "x"}, headers={"If-Match": '"1"'}), 412)
    assert name in [one["username"] for one in admin.get(f"{API}/users?limit=200").json()["items"]]
    assert_problem(admin.post(f"{API}/users", json={"username": name}), 409, "already-taken")
    assert admin.delete(path).status_code == 204
    for gone in (admin.get(path), admin.patch(path, json={}), admin.delete(path)):
        assert_problem(gone, 404)
    assert name not in [one["username"] for one in admin.get(f"{API}/users?limit=200").json()["items"]]


def test_lists_are_paged_in_order_without_gaps(admin: httpx.Client) -> None:
    prefix = fresh("page")
    names = [f"{prefix}-{number}" for number in range(7)]
    for name in reversed(names):
        made(admin, "/users", username=name)
    found: list[str] = []
    cursor = None
    while True:
        page = admin.get(f"{API}/users", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["items"]) <= 3
        found += [one["username"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == sorted(found)
    assert [name for name in found if name.startswith(prefix)] == names
    for path in ("/organizations", "/memberships"):
        other = admin.get(f"{API}/users?limit=1").json()["next_cursor"]
        assert_problem(admin.get(API + path, params={"cursor": other}), 422)


def test_an_opportunity_is_seen_by_its_organisation_and_by_the_owner_of_its_program(
    app: Served, admin: httpx.Client
) -> None:
    owner, runner, stranger = (fresh(name) for name in ("dimagi", "lwala", "reach"))
    ids = {slug: made(admin, "/organizations", slug=slug, name=slug)["id"] for slug in (owner, runner, stranger)}
    program = made(admin, f"/organizations/{owner}/programs", name="CHC", currency="KES")["id"]
    opportunity = made(
        admin, f"/organizations/{runner}/opportunities", name="Round 3", program_id=program, end_date="2026-03-31"
    )["id"]
    people = {slug: fresh("member") for slug in ids}
    for slug, username in people.items():
        made(admin, "/users", username=username)
        made(admin, "/memberships", username=username, organization=slug)
    for slug in (owner, runner):
        found = seen_by(app, people[slug])
        assert [(one.id, one.organization, one.program) for one in found.opportunities] == [
            (opportunity, runner, program)
        ]
        assert [one.id for one in found.organizations] == [ids[slug]]
    assert [one.id for one in seen_by(app, people[owner]).programs] == [program]
    assert seen_by(app, people[runner]).programs == ()
    assert seen_by(app, people[stranger]).opportunities == ()
    assert seen_by(app, "nobody-of-that-name") == Memberships()

    assert admin.delete(f"{API}/organizations/{owner}/programs/{program}").status_code == 204
    assert seen_by(app, people[owner]).opportunities == ()
    assert [one.program for one in seen_by(app, people[runner]).opportunities] == [None]
    assert admin.patch(f"{API}/users/{people[runner]}", json={"active": False}).status_code == 200
    assert seen_by(app, people[runner]) == Memberships()
    assert app.run(app.service(MembershipDirectory).knows_async(people[runner]))
    assert admin.delete(f"{API}/organizations/{stranger}").status_code == 204
    assert seen_by(app, people[stranger]) == Memberships()


def test_memberships_are_added_once_filtered_and_ended(app: Served, admin: httpx.Client) -> None:
    slug, username = fresh("lwala"), fresh("asha")
    made(admin, "/organizations", slug=slug, name="Lwala")
    made(admin, "/users", username=username)
    made(admin, "/memberships", username=username, organization=slug)
    assert_problem(admin.post(f"{API}/memberships", json={"username": username, "organization": slug}), 409)
    for query in ({"username": username}, {"organization": slug}, {"username": username, "organization": slug}):
        items = admin.get(f"{API}/memberships", params=query).json()["items"]
        assert [(one["username"], one["organization"]) for one in items] == [(username, slug)]
    assert admin.get(f"{API}/users/{username}").json()["organizations"] == [slug]
    for unknown in ({"username": "no-one", "organization": slug}, {"username": username, "organization": "no-org"}):
        assert_problem(admin.post(f"{API}/memberships", json=unknown), 404)
    assert admin.delete(f"{API}/memberships/{slug}/{username}").status_code == 204
    assert_problem(admin.delete(f"{API}/memberships/{slug}/{username}"), 404)
    assert seen_by(app, username).organizations == ()


def test_whoever_takes_a_removed_users_name_inherits_nothing(app: Served, admin: httpx.Client) -> None:
    slug, username = fresh("lwala"), fresh("asha")
    first = made(admin, "/organizations", slug=slug, name="Lwala")["id"]
    made(admin, "/users", username=username)
    made(admin, "/memberships", username=username, organization=slug)
    assert admin.delete(f"{API}/users/{username}").status_code == 204
    made(admin, "/users", username=username)
    assert seen_by(app, username) == Memberships()
    made(admin, "/memberships", username=username, organization=slug)
    assert admin.delete(f"{API}/organizations/{slug}").status_code == 204
    assert made(admin, "/organizations", slug=slug, name="Another")["id"] > first
    assert seen_by(app, username) == Memberships()


def test_a_repeated_request_makes_nothing_twice(admin: httpx.Client) -> None:
    slug, username = fresh("org"), fresh("user")
    for path, body in (
        ("/users", {"username": username}),
        ("/organizations", {"slug": slug, "name": "x"}),
        (f"/organizations/{slug}/programs", {"name": "p"}),
        (f"/organizations/{slug}/opportunities", {"name": "o"}),
        ("/memberships", {"username": username, "organization": slug}),
    ):
        headers = {"Idempotency-Key": fresh("key")}
        answers = [admin.post(API + path, json=body, headers=headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201], answers[-1].text
        assert answers[0].content == answers[1].content
    found = admin.get(f"{API}/organizations/{slug}").json()
    assert (len(found["programs"]), len(found["opportunities"])) == (1, 1)


def test_what_is_owned_is_changed_below_its_owner_only(admin: httpx.Client) -> None:
    one, two = fresh("one"), fresh("two")
    for slug in (one, two):
        made(admin, "/organizations", slug=slug, name=slug)
    program = made(admin, f"/organizations/{one}/programs", name="p")["id"]
    opportunity = made(admin, f"/organizations/{one}/opportunities", name="o", start_date="2026-01-01")["id"]
    for kind, number in (("programs", program), ("opportunities", opportunity)):
        assert_problem(admin.patch(f"{API}/organizations/{two}/{kind}/{number}", json={"name": "x"}), 404)
        assert_problem(admin.delete(f"{API}/organizations/{two}/{kind}/{number}"), 404)
        changed = admin.patch(f"{API}/organizations/{one}/{kind}/{number}", json={"name": "new"})
        assert changed.json()["name"] == "new"
    path = f"{API}/organizations/{one}/opportunities/{opportunity}"
    assert admin.patch(path, json={"end_date": "2026-02-01", "program_id": program}).json()["program_id"] == program
    assert admin.patch(path, json={"end_date": None}).json()["end_date"] is None
    assert_problem(admin.patch(path, json={"end_date": "2025-12-31"}), 422)
    assert_problem(admin.patch(path, json={"program_id": 999_999}), 422)
    assert admin.delete(path).status_code == 204


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/users", {"username": "a b"}, "username"),
        ("/users", {"username": {"$ne": 1}}, "username"),
        ("/users", {"username": "a", "email": "x"}, "email"),
        ("/users", {"username": "a", "role": "admin"}, "role"),
        ("/organizations", {"slug": "A", "name": "x"}, "slug"),
        ("/organizations", {"slug": "7", "name": "x"}, "slug"),
        ("/organizations", {"slug": "a", "name": ""}, "name"),
        ("/organizations", {"slug": "a", "name": "x", "id": 5}, "id"),
        ("/memberships", {"username": "a", "organization": 7}, "organization"),
    ],
)
def test_bad_input_is_422_and_names_the_field(admin: httpx.Client, path: str, body: dict[str, Any], field: str) -> None:
    problem = assert_problem(admin.post(API + path, json=body), 422)
    assert any(field in error["field"] for error in problem["errors"])


def test_one_name_asked_for_by_many_at_once_is_given_once(app: Served) -> None:
    from concurrent.futures import ThreadPoolExecutor

    slug = fresh("wanted")
    with ThreadPoolExecutor(8) as pool, app.client() as client:
        body = {"slug": slug, "name": "x"}
        statuses = list(pool.map(lambda _: client.post(f"{API}/organizations", json=body).status_code, range(8)))
    assert sorted(statuses) == [201] + [409] * 7


def test_somebody_with_a_token_of_ours_learns_where_they_belong(app: Served, admin: httpx.Client) -> None:
    slug, username = fresh("lwala"), fresh("asha")
    number = made(admin, "/organizations", slug=slug, name="Lwala")["id"]
    made(admin, "/users", username=username)
    made(admin, "/memberships", username=username, organization=slug)
    with app.client_with(app.running.token(Role.USER, username)) as asha:
        me = asha.get("/auth/me").json()
        assert (me["username"], me["role"], me["session"], me["login_usable"]) == (username, "user", False, None)
        assert [one["slug"] for one in me["memberships"]["organizations"]] == [slug]
        assert me["context"] == {"opportunity_id": None, "program_id": None, "organization_id": number}
        named = asha.get("/auth/me", params={"organization_id": slug}).json()["context"]
        assert named["organization_id"] == number
        for foreign in ({"organization_id": "elsewhere"}, {"organization_id": 999}, {"opportunity_id": 999}):
            assert_problem(asha.get("/auth/me", params=foreign), 404)
        assert_problem(asha.put("/auth/context", json={"organization_id": number}), 409, "no-session")
        assert asha.post("/auth/logout").status_code == 204


def test_without_a_connect_nobody_logs_in_by_browser(app: Served) -> None:
    with app.client_with(None) as browser:
        for path in ("/auth/login", "/auth/login?next=/x", "/auth/callback?state=x&code=y"):
            assert_problem(browser.get(path), 409, "no-login")
        assert_problem(browser.get("/auth/me", headers={"Cookie": "labkeeper_session=x"}), 401)


def test_what_holds_records_is_not_removed(app: Served, admin: httpx.Client) -> None:
    slug, name = fresh("full"), fresh("asha")
    organization = made(admin, "/organizations", slug=slug, name="Full")
    program = made(admin, f"/organizations/{slug}/programs", name="P")["id"]
    opportunity = made(admin, f"/organizations/{slug}/opportunities", name="O")["id"]
    made(admin, "/users", username=name)
    made(admin, "/memberships", username=name, organization=slug)
    asha = app.client_with(mint_token(app.running.secrets.jwt_secret, Role.USER, name, 3600))
    note = {"experiment": "notes", "type": "Note", "data": {}}
    scopes: list[dict[str, int]] = [
        {"opportunity_id": opportunity},
        {"opportunity_id": opportunity, "program_id": program},
        {"program_id": program},
        {"organization_id": organization["id"]},
    ]
    records = [made(asha, "/records", **note, **scope)["id"] for scope in scopes]

    path = f"{API}/organizations/{slug}"
    for below, count in ((f"/opportunities/{opportunity}", 2), (f"/programs/{program}", 2), ("", 4)):
        problem = assert_problem(admin.delete(path + below), 409, "holds-records")
        assert problem["records"] == count
        assert f"holds {count} records" in problem["detail"]
    assert_problem(admin.delete(path, headers={"If-Match": '"1"'}), 412)
    assert {asha.get(f"{API}/records/{one}").status_code for one in records} == {200}

    assert_problem(admin.delete(f"{path}/opportunities/{opportunity + 1000}"), 404)
    for one in records[:3]:
        assert asha.delete(f"{API}/records/{one}").status_code == 204
    for below in (f"/opportunities/{opportunity}", f"/programs/{program}"):
        assert admin.delete(path + below).status_code == 204
    assert "holds 1 record " in assert_problem(admin.delete(path), 409, "holds-records")["detail"]
    assert asha.delete(f"{API}/records/{records[3]}").status_code == 204
    assert admin.delete(path).status_code == 204
