"""What commands say about themselves."""

import pytest
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
