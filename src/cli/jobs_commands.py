"""``labkeeper jobs``: what recurs, and what each run did."""

from typing import Annotated
from urllib.parse import quote

import typer

from cli.client import connect
from cli.options import AsJson, Limit, ListsByDefault
from cli.output import print_json, print_table, say
from cli.run_progress import check_outcome, follow_run, print_run

group = typer.Typer(cls=ListsByDefault, help="Recurrent jobs and the record of their runs.")

TaskId = Annotated[str, typer.Argument(help="Id of the job, e.g. labs-refresh.")]


@group.command("list")
def list_jobs(as_json: AsJson = False) -> None:
    """List the jobs."""
    found = connect().get("/jobs")["items"]
    if as_json:
        print_json(found)
        return
    columns = ("Job", "Every", "Running", "Next run", "Last outcome", "Description")
    rows = [
        (
            *(one["task_id"], _pace(one["interval_seconds"]), one["running"], one["next_run_at"]),
            one["last_run"] and one["last_run"]["outcome"],
            one["description"],
        )
        for one in found
    ]
    print_table(columns, rows, "There are no jobs.")


@group.command()
def runs(task_id: TaskId = "labs-refresh", limit: Limit = 20, as_json: AsJson = False) -> None:
    """List the runs of a job, newest first."""
    found = connect().pages(f"{_path(task_id)}/runs", limit)
    if as_json:
        print_json(found)
        return
    columns = ("Run", "Trigger", "Started", "Outcome", "Parts", "Failed", "By", "Error")
    rows = [
        (
            *(one["run_id"], one["trigger"], one["started_at"], one["outcome"]),
            *(f"{one['parts_done']}/{one['parts_total']}", one["parts_failed"], one["actor"], one["error"]),
        )
        for one in found
    ]
    print_table(columns, rows, f"{task_id} has not run yet.")


@group.command("show")
def show_run(
    task_id: TaskId, run_id: Annotated[str, typer.Argument(help="Id of the run.")], as_json: AsJson = False
) -> None:
    """Show what one run did, part by part."""
    found = connect().get(f"{_path(task_id)}/runs/{quote(run_id, safe='')}")
    (print_json if as_json else print_run)(found)


@group.command("run")
def run_job(
    task_id: TaskId,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = True,
    as_json: AsJson = False,
) -> None:
    """Run a job now."""
    client = connect()
    started = client.post(f"{_path(task_id)}/run")
    if not wait:
        (print_json(started) if as_json else say(f"Run {started['run_id']} of {task_id} has started."))
        return
    run = follow_run(client, started, f"Running {task_id}")
    (print_json if as_json else print_run)(run)
    check_outcome(run)


def _pace(interval_seconds: float | None) -> str:
    return "on demand" if interval_seconds is None else f"{interval_seconds:g} s"


def _path(task_id: str) -> str:
    return f"/jobs/{quote(task_id, safe='')}"
