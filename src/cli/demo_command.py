"""``labkeeper demo``."""

from typing import Annotated, Literal

import typer


def demo(
    records: Annotated[
        Literal["local", "remote", "cached"],
        typer.Option(
            help="Where field-program records live: here, in a simulated Connect, or there with a cache here."
        ),
    ] = "local",
) -> None:
    """Run Labkeeper with three simulated controllers, and print what to try first."""
    # Only here: the other commands should not wait for the whole application to be imported.
    from cli.demo import run_demo

    run_demo(records)
