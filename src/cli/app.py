"""Every command of ``labkeeper``."""

from typing import Annotated

import typer

from cli import (
    events_commands,
    jobs_commands,
    labs_commands,
    memberships_commands,
    organizations_commands,
    read_models_commands,
    specimens_commands,
    subscriptions_commands,
    users_commands,
    workers_commands,
)
from cli.demo_command import demo
from cli.doctor_command import doctor
from cli.output import installed_version, say
from cli.refresh_command import refresh
from cli.serve_command import serve
from cli.token_command import token

app = typer.Typer(
    name="labkeeper",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(serve)
app.command()(demo)
app.command()(token)
app.command()(refresh)
app.command()(doctor)
app.add_typer(workers_commands.group, name="workers")
app.add_typer(labs_commands.group, name="labs")
app.add_typer(specimens_commands.group, name="specimens")
app.add_typer(users_commands.group, name="users")
app.add_typer(organizations_commands.group, name="organizations")
app.add_typer(memberships_commands.group, name="memberships")
app.add_typer(events_commands.group, name="events")
app.add_typer(subscriptions_commands.group, name="subscriptions")
app.add_typer(read_models_commands.group, name="read-models")
app.add_typer(jobs_commands.group, name="jobs")


def _show_version(wanted: bool) -> None:
    if wanted:
        say(installed_version())
        raise typer.Exit


@app.callback()
def labkeeper(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Keeps a record of every lab you run. Settings come from LABKEEPER_* in the environment."""
