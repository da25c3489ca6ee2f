"""What commands say about themselves, and what the guide says about them."""

import re
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from cli.app import app


@pytest.mark.parametrize(
    "command",
    [
        *(["serve"], ["demo"], ["token"], ["refresh"], ["doctor"], ["workers"], ["workers", "add"], ["labs"]),
        *(["labs", "history"], ["events", "tail"], ["events", "show"], ["subscriptions", "replay"]),
        *(["users"], ["users", "add"], ["users", "change"], ["organizations"], ["organizations", "add-program"]),
        *(["organizations", "add-opportunity"], ["memberships"], ["memberships", "add"], ["memberships", "remove"]),
        *(["read-models", "rebuild"], ["jobs", "runs"], ["specimens"], ["specimens", "generate"]),
        *(["specimens", "import"], ["specimens", "show"]),
    ],
    ids=" ".join,
)
def test_every_command_explains_itself(command: list[str]) -> None:
    done = CliRunner().invoke(app, [*command, "--help"])
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Usage: " in done.stdout


def test_the_guide_lists_every_command() -> None:
    table = (Path(__file__).parents[3] / "notes/guides/commands.md").read_text()
    listed = re.findall(r"^\| `labkeeper (\S+?)`? .*$", table, re.MULTILINE)
    whole = get_command(app)
    assert isinstance(whole, TyperGroup)
    commands = whole.commands
    assert set(listed) == set(commands)
    for name in ("specimens", "events"):
        text = "\n".join(line for line in table.splitlines() if f"`labkeeper {name} " in line)
        group = commands[name]
        assert isinstance(group, TyperGroup)
        assert [one for one in group.commands if f"{name} {one}" not in text] == []
