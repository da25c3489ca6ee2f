"""The simulated controller answers like the contract says, changes over time, and ends when it should."""

import base64
import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.cml import CmlFactory, CmlSimulator, a_lab
from tests.support.served import eventually

ADMIN = {"username": "admin", "password": "password"}
ask = httpx.Client(trust_env=False, timeout=60)


@pytest.fixture
def api(cml: CmlSimulator) -> Iterator[httpx.Client]:
    with logged_in(cml) as client:
        yield client


def logged_in(simulator: CmlSimulator, username: str = "admin") -> httpx.Client:
    front = f"{simulator.url}/api/v0"
    token = ask.post(f"{front}/authenticate", json={"username": username, "password": "password"}).json()
    return httpx.Client(base_url=front, headers={"authorization": f"Bearer {token}"}, trust_env=False, timeout=60)


def test_a_login_is_answered_with_a_quoted_jwt(cml: CmlSimulator) -> None:
    answer = ask.post(f"{cml.url}/api/v0/authenticate", json=ADMIN)
    token = answer.json()
    assert answer.text == f'"{token}"'
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["sub"] == "admin"
    extended = ask.post(f"{cml.url}/api/v0/auth_extended", json=ADMIN).json()
    assert (extended["username"], extended["admin"], extended["error"]) == ("admin", True, None)


@pytest.mark.parametrize("body", [{**ADMIN, "password": "x"}, {"username": "nobody", "password": "password"}, {}])
def test_wrong_credentials_are_403_with_a_description(cml: CmlSimulator, body: dict[str, str]) -> None:
    answer = ask.post(f"{cml.url}/api/v0/authenticate", json=body)
    assert answer.status_code == 403
    assert answer.json().keys() == {"code", "description"}


def test_without_a_token_only_the_system_information_is_told(cml: CmlSimulator) -> None:
    assert ask.get(f"{cml.url}/api/v0/system_information").json()["ready"] is True
    for path in ("labs", "populate_lab_tiles", "system_health", "system_stats", "authok", "labs/x"):
        assert ask.get(f"{cml.url}/api/v0/{path}").status_code == 401


def test_a_token_ends_with_the_logout_or_with_its_time(cml_factory: CmlFactory) -> None:
    client = logged_in(cml_factory(token_seconds=600))
    assert client.get("/authok").status_code == 200
    assert client.delete("/logout").json() is True
    assert client.get("/authok").status_code == 401
    client = logged_in(cml_factory(token_seconds=0.2))
    time.sleep(0.3)
    assert client.get("/authok").status_code == 401


def test_labs_are_listed_as_ids_and_told_one_by_one_or_as_tiles(api: httpx.Client) -> None:
    ids = api.get("/labs", params={"show_all": "true"}).json()
    assert ids == [a_lab(1)["id"], a_lab(2)["id"], a_lab(3)["id"]]
    assert api.get(f"/labs/{ids[0]}").json() == a_lab(1)
    tiles = api.get("/populate_lab_tiles").json()["lab_tiles"]
    assert list(tiles) == ids
    assert a_lab(1).items() <= tiles[ids[0]].items()
    assert api.get(f"/labs/{ids[0]}/state").json() == "STARTED"
    assert api.get("/labs/unknown").json() == {"code": 404, "description": "Lab not found: unknown"}


def test_an_ordinary_user_sees_the_own_labs_only(cml: CmlSimulator) -> None:
    cml.set_labs([a_lab(1), a_lab(2, owner_username="user")])
    with logged_in(cml, "user") as client:
        assert client.get("/labs", params={"show_all": "true"}).json() == [a_lab(2)["id"]]
        assert list(client.get("/populate_lab_tiles").json()["lab_tiles"]) == [a_lab(2)["id"]]
        assert client.get(f"/labs/{a_lab(1)['id']}").status_code == 404


def test_a_lab_is_stopped_wiped_and_deleted_in_this_order(api: httpx.Client) -> None:
    lab = f"/labs/{a_lab(1)['id']}"
    assert api.delete(lab).status_code == 400
    assert api.put(f"{lab}/wipe").status_code == 400
    for action, state in (("stop", "STOPPED"), ("wipe", "DEFINED_ON_CORE"), ("start", "STARTED"), ("stop", "STOPPED")):
        assert api.put(f"{lab}/{action}").status_code == 204
        assert api.get(lab).json()["state"] == state
    api.put(f"{lab}/wipe")
    assert api.delete(lab).status_code == 204
    assert api.get(lab).status_code == 404
    assert a_lab(1)["id"] not in api.get("/populate_lab_tiles").json()["lab_tiles"]


def test_a_lab_is_made_imported_and_changed(api: httpx.Client) -> None:
    made = api.post("/labs", json={"title": "Mine", "notes": "n"}).json()
    assert (made["lab_title"], made["lab_notes"], made["owner_username"]) == ("Mine", "n", "admin")
    imported = api.post("/import", params={"title": "Brought"}, content="nodes: []").json()
    assert imported["warnings"] is None
    changed = api.patch(f"/labs/{imported['id']}", json={"description": "d"}).json()
    assert (changed["lab_title"], changed["lab_description"]) == ("Brought", "d")
    assert api.patch(f"/labs/{imported['id']}", json={"title": "x" * 65}).status_code == 400
    assert len(api.get("/labs", params={"show_all": "true"}).json()) == 5


def test_nodes_health_and_load_are_told(api: httpx.Client) -> None:
    nodes = api.get(f"/labs/{a_lab(1)['id']}/nodes", params={"data": "true"}).json()
    assert [node["state"] for node in nodes] == ["BOOTED"] * 6
    assert api.get("/system_health").json()["valid"] is True
    assert api.get("/system_stats").json()["all"]["cpu"]["count"] == 32


def test_the_same_seed_has_the_same_labs_and_changes(cml_factory: CmlFactory) -> None:
    first, second, other = (cml_factory(seed=seed, labs=8) for seed in (7, 7, 8))
    assert [first.step() for _ in range(30)] == [second.step() for _ in range(30)]

    def told(simulator: CmlSimulator) -> list[tuple[str, str, str]]:
        return [(lab["id"], lab["lab_title"], lab["state"]) for lab in simulator.labs()]

    assert told(first) == told(second) != told(other)


def test_labs_change_by_themselves(cml_factory: CmlFactory) -> None:
    simulator = cml_factory(step_seconds=0.05)
    before = simulator.labs()
    eventually(lambda: simulator.labs() != before, "a lab changed")


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_continues_where_it_ended(
    cml_factory: CmlFactory, tmp_path: Path, with_signal: signal.Signals
) -> None:
    state = tmp_path / "deep" / "state.json"
    first = cml_factory(seed=3, state_file=state)
    for _ in range(5):
        first.step()
    labs = first.labs()
    first.stop(with_signal)
    second = cml_factory(seed=3, state_file=state)
    assert second.labs() == labs
    undisturbed = cml_factory(seed=3)
    for _ in range(5):
        undisturbed.step()
    assert second.step() == undisturbed.step()


def test_a_torn_state_file_means_a_new_start(cml_factory: CmlFactory, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text('{"steps": 1, "labs": [')
    assert len(cml_factory(state_file=state, labs=4).labs()) == 4


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_even_with_a_call_that_hangs(cml_factory: CmlFactory, with_signal: signal.Signals) -> None:
    simulator = cml_factory()
    simulator.set_faults({"kind": "hang", "path": "/system_information"})
    with pytest.raises(httpx.ReadTimeout):
        ask.get(f"{simulator.url}/api/v0/system_information", timeout=0.2)
    eventually(simulator.calls, "the call has come")
    # It hangs for longer than ``stop`` waits before it kills.
    assert simulator.stop(with_signal) != -signal.SIGKILL


def test_it_ends_with_its_parent(cml_factory: CmlFactory) -> None:
    assert cml_factory().lose_parent() == 0


def test_a_fault_that_is_none_is_refused(cml: CmlSimulator) -> None:
    for fault in ({"kind": "unheard_of"}, {"kind": "hang", "colour": "red"}, {}, 3):
        answer = ask.post(f"{cml.url}/__faults__", json={"faults": [fault]})
        assert answer.status_code == 400
