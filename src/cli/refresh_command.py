"""``labkeeper refresh``: ask the controllers now."""

from typing import Annotated

import typer

from cli.client import connect
from cli.options import AsJson
from cli.output import print_json
from cli.run_progress import check_outcome, follow_run, print_run
from cli.workers_commands import find_worker, worker_path


def refresh(
    worker: Annotated[str | None, typer.Option(help="Only this worker: its id, or its name.")] = None,
    as_json: AsJson = False,
) -> None:
    """Refresh the labs of one worker or of all, and tell what changed."""
    client = connect()
    if worker is None:
        started, what = client.post("/workers/refresh"), "Refreshing all workers"
    else:
        found = find_worker(client, worker)
        what = f"Refreshing {found['name']}"
        started = client.post(f"{worker_path(found)}/labs/refresh", headers={"Prefer": "respond-async"})
    run = follow_run(client, started, what)
    (print_json if as_json else print_run)(run)
    check_outcome(run)
