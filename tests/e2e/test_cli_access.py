"""Users, organisations and memberships on the command line, as people type them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.command_line import LabkeeperProcess, labkeeper, labkeeper_json
from tests.support.mongo import LocalMongod

pytestmark = pytest.mark.timeout(900)
DATABASE = "test_command_line_access"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory, shared_mongod: LocalMongod) -> Iterator[Path]:
    """The data folder of a running Labkeeper that keeps users itself."""
    folder = tmp_path_factory.mktemp("cli") / "data"
    settings = {"LABKEEPER_MONGODB_URI": shared_mongod.uri, "LABKEEPER_MONGODB_DATABASE": DATABASE}
    with LabkeeperProcess(folder, "serve", "Labkeeper serves at", **settings):
        yield folder
    with shared_mongod.client() as client:
        client.drop_database(DATABASE)


def test_somebody_is_given_a_place_and_loses_it_again(data_dir: Path) -> None:
    organization = labkeeper_json(data_dir, "organizations", "add", "lwala", "Lwala")
    program = labkeeper_json(data_dir, "organizations", "add-program", "lwala", "CHC", "--currency", "KES")
    added = ("organizations", "add-opportunity", "lwala", "Round 3", "--program", str(program["id"]))
    opportunity = labkeeper_json(data_dir, *added, "--to", "2026-03-31")
    assert opportunity["program_id"] == program["id"]
    assert labkeeper_json(data_dir, "users", "add", "asha", "--name", "Asha")["active"] is True
    assert labkeeper_json(data_dir, "memberships", "add", "asha", "lwala")["organization_id"] == organization["id"]
    assert [one["username"] for one in labkeeper_json(data_dir, "memberships", "--organization", "lwala")] == ["asha"]
    assert labkeeper_json(data_dir, "users", "show", "asha")["organizations"] == ["lwala"]
    shown = labkeeper(data_dir, "organizations", "show", "lwala").stdout
    assert "CHC" in shown
    assert "Round 3" in shown
    for group, expected in (("users", "asha"), ("organizations", "Lwala"), ("memberships", "lwala")):
        assert expected in labkeeper(data_dir, group).stdout
    assert labkeeper_json(data_dir, "users", "change", "asha", "--no-active")["active"] is False
    labkeeper_json(data_dir, "memberships", "remove", "asha", "lwala")
    assert labkeeper_json(data_dir, "memberships") == []
    labkeeper_json(data_dir, "organizations", "remove-opportunity", "lwala", str(opportunity["id"]), "--yes")
    labkeeper_json(data_dir, "organizations", "remove-program", "lwala", str(program["id"]), "--yes")
    assert labkeeper_json(data_dir, "organizations", "change", "lwala", "--funder")["funder"] is True
    labkeeper_json(data_dir, "organizations", "remove", "lwala", "--yes")
    labkeeper_json(data_dir, "users", "remove", "asha", "--yes")
    assert labkeeper_json(data_dir, "users") == []
    assert labkeeper_json(data_dir, "organizations") == []
