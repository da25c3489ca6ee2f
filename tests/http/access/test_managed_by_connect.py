"""Where Connect knows who there is, nobody is administered here, and people belong where Connect says."""

from pathlib import Path

import pytest

from api.kernel.authorization import Role
from integration.access.wiring import ConnectMissingError
from tests.http.access.people import installed
from tests.support.connect import ConnectSimulator
from tests.support.mongo import LocalMongod
from tests.support.served import API, assert_problem

ROUTES = [
    *(("GET", "/users"), ("POST", "/users"), ("GET", "/users/a"), ("PATCH", "/users/a"), ("DELETE", "/users/a")),
    *(("GET", "/organizations"), ("POST", "/organizations"), ("GET", "/organizations/a")),
    *(("PATCH", "/organizations/a"), ("DELETE", "/organizations/a"), ("POST", "/organizations/a/programs")),
    *(("PATCH", "/organizations/a/programs/1"), ("DELETE", "/organizations/a/programs/1")),
    *(("POST", "/organizations/a/opportunities"), ("PATCH", "/organizations/a/opportunities/1")),
    *(("DELETE", "/organizations/a/opportunities/1"), ("GET", "/memberships"), ("POST", "/memberships")),
    ("DELETE", "/memberships/a/b"),
]


@pytest.mark.parametrize("repository", ["remote", "cached"])
def test_people_are_administered_at_connect_and_belong_where_it_says(
    shared_mongod: LocalMongod, tmp_path: Path, connect: ConnectSimulator, repository: str
) -> None:
    with installed(shared_mongod, tmp_path, connect, repository=repository) as here:
        admin, user = here.app.client(), here.app.client(Role.USER)
        for method, path in ROUTES:
            body = {"json": {"nonsense": 1}} if method in ("POST", "PATCH") else {}
            assert_problem(admin.request(method, API + path, **body), 409, "managed-by-connect")
            assert_problem(user.request(method, API + path, **body), 403, "forbidden")
        me = admin.get("/auth/me").json()
        assert (me["username"], me["memberships"], me["context"]) == ("tester", None, None)

        dalia = here.logged_in("dalia")
        me = dalia.get("/auth/me").json()
        assert [one["slug"] for one in me["memberships"]["organizations"]] == ["lwala", "reach"]
        assert dalia.put("/auth/context", json={"opportunity_id": 901}).json()["opportunity_id"] == 901
        assert_problem(dalia.put("/auth/context", json={"organization_id": "dimagi"}), 404)
        assert dalia.get("/auth/me", params={"organization_id": "lwala"}).json()["context"]["organization_id"] == 7

        bearer = {"Authorization": f"Bearer {connect.token('asha')}"}
        me = here.browser().get("/auth/me", headers=bearer).json()
        assert [one["slug"] for one in me["memberships"]["organizations"]] == ["lwala"]
        assert here.browser().get("/auth/me?opportunity_id=901", headers=bearer).status_code == 404

        connect.expire("dalia", refresh=True)
        here.clock.advance(1_209_600 - 86_400)
        assert dalia.get("/auth/me").status_code == 401, "the session was idle for too long"


@pytest.mark.parametrize("repository", ["remote", "cached"])
def test_such_an_installation_does_not_start_without_a_connect(
    shared_mongod: LocalMongod, tmp_path: Path, repository: str
) -> None:
    class Nowhere:
        url, client_id, client_secret = "", "", ""

    with (
        pytest.raises(ConnectMissingError, match="LABKEEPER_CONNECT_URL"),
        installed(shared_mongod, tmp_path, Nowhere(), repository=repository),
    ):
        pass
