"""``labkeeper``: every command, and how it ends when something is wrong."""

import os
import sys
from typing import Annotated

import typer

from cli.configuration import ConfigurationError
from cli.demo_command import demo
from cli.output import say, warn
from cli.serve_command import serve
from cli.token_command import token
from domain.kernel.errors import LabkeeperError
from main import product_version

FAILED, MISUSED = 1, 2

app = typer.Typer(
    name="labkeeper",
    help="Keeps a record of every lab you run. Settings come from LABKEEPER_* in the environment.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(serve)
app.command()(demo)
app.command()(token)


def _show_version(wanted: bool) -> None:
    if wanted:
        say(product_version())
        raise typer.Exit


@app.callback()
def labkeeper(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Keeps a record of every lab you run. Settings come from LABKEEPER_* in the environment."""


def run() -> None:
    """Run a command. Exit codes: 0 done, 1 it failed, 2 it was asked for in a wrong way or a setting is wrong."""
    try:
        app()
    except ConfigurationError as error:
        warn(str(error))
        sys.exit(MISUSED)
    except LabkeeperError as error:
        warn(str(error))
        sys.exit(FAILED)
    except BrokenPipeError:
        # Whoever read our output went away; without this the interpreter complains when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    run()
