"""Following a run until it has ended."""

import time
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.client import LabkeeperClient
from cli.errors import CommandError
from cli.output import print_table, progress_console

LOOK_AGAIN_SECONDS = 0.25


def progress_bar() -> Progress:
    """Return a bar on standard error; without a terminal nothing is drawn."""
    console = progress_console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def follow_run(client: LabkeeperClient, run: dict[str, Any], what: str) -> dict[str, Any]:
    """Draw a run's progress until it has ended, and return it with its parts."""
    path = f"/jobs/{run['task_id']}/runs/{run['run_id']}"
    with progress_bar() as bar:
        task = bar.add_task(what, total=None)
        while True:
            seen: dict[str, Any] = client.get(path)
            bar.update(task, total=seen["parts_total"] or None, completed=seen["parts_done"])
            if seen["outcome"] != "running":
                return seen
            time.sleep(LOOK_AGAIN_SECONDS)


def print_run(run: dict[str, Any]) -> None:
    """Print what a run did, part by part."""
    rows = [
        (part["part_id"], part["outcome"], _counts(part["counts"]), part["duration_ms"], part["error"])
        for part in run["parts"]
    ]
    print_table(("Part", "Outcome", "Counts", "ms", "Error"), rows, f"The run {run['outcome']}, with nothing to do.")


def check_outcome(run: dict[str, Any]) -> None:
    """Fail when a run did.

    Raises:
        CommandError: not every part succeeded.
    """
    if run["outcome"] != "succeeded":
        why = f": {run['error']}" if run["error"] else ""
        raise CommandError(f"run {run['run_id']} of {run['task_id']} ended {run['outcome']}{why}")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name.removeprefix('labs_')} {count}" for name, count in counts.items() if count) or "-"
