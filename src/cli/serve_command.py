"""``labkeeper serve``: the application, until a signal comes."""

from typing import Annotated

import typer

from cli.output import say, warn


def serve(
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Instead of LABKEEPER_PORT; 0 for a free one.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Instead of LABKEEPER_HOST.")] = None,
) -> None:
    """Run Labkeeper: the API, its jobs, and MongoDB unless LABKEEPER_MONGODB_URI names one."""
    # Only here: the other commands should not wait for the whole application to be imported.
    from cli.configuration import load_settings, unknown_variables
    from cli.forced_end import leave_runaway_threads
    from cli.host import run_until_signal, running_labkeeper
    from integration.telemetry.logging import configure_logging

    settings = load_settings()
    given = {"port": port, "host": host}
    settings = settings.model_copy(update={name: value for name, value in given.items() if value is not None})
    configure_logging(settings.log_format, settings.log_level)
    for name in unknown_variables():
        warn(f"{name} is no setting of Labkeeper and changes nothing")

    async def work_async() -> None:
        async with running_labkeeper(settings) as running:
            say(f"Labkeeper serves at {running.url}")
            await running.serve_until_stopped_async()

    run_until_signal(work_async)
    leave_runaway_threads()
