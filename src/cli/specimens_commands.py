"""``labkeeper specimens``: synthetic ones, files of them, and what is known of them."""

import csv
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Any, TextIO
from urllib.parse import quote

import httpx
import typer

from cli.client import API, LabkeeperClient, connect, describe_refusal, follow_lines, nobody_answers
from cli.errors import CommandError
from cli.options import AsJson, Limit, ListsByDefault
from cli.output import print_details, print_json, print_table, warn
from cli.run_progress import progress_bar

group = typer.Typer(cls=ListsByDefault, help="Specimens: received, worked on, completed or failed.")

COLUMNS = (
    *("specimen_id", "assay", "machine_id", "operator_id", "status"),
    *("error_code", "received_at", "processed_at", "started_at"),
)
_TRIES = 5
_STANDARD = Path("-")


@group.command()
def generate(
    count: Annotated[int, typer.Option(min=1, max=4_000_000, help="How many.")] = 3600,
    seed: Annotated[int, typer.Option(help="The same seed gives the same; the same times, too, with --until.")] = 42,
    days: Annotated[float, typer.Option(min=0.01, max=3650, help="Received within so many days.")] = 3,
    error_rate: Annotated[float, typer.Option(min=0, max=1, help="Share that fails.")] = 0.07,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%dT%H:%M:%SZ"], help="End of these days; now by default.")
    ] = None,
    first_number: Annotated[
        int | None,
        typer.Option(min=0, max=999_999, help="Ids are numbered from here on, four to a number; any by default."),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="File to write; - is standard output, as by default.")] = None,
) -> None:
    """Write synthetic specimens as CSV. Nobody's data.

    Times are counted back from --until: without it they are others at each call, also with the same seed.

    Ids (SP, BL, UR or CS and six digits) are unique within one file. Files that are to be imported together need
    numbers of their own: 2000 specimens with --first-number 0 use 0 to 499, so the next file begins at 500.
    """
    end = (until or datetime.now(UTC).replace(microsecond=0)).replace(tzinfo=UTC)
    options = {"seed": seed, "days": days, "error_rate": error_rate, "until": end, "first_number": first_number}
    if output is None or output == _STANDARD:
        _write(sys.stdout, count, options)
        return
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            _write(file, count, options)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}") from error


def _write(file: TextIO, count: int, options: dict[str, Any]) -> None:
    from application.labops.specimens.synthetic import synthetic_readings

    try:
        readings = synthetic_readings(count, **options)
    except ValueError as error:
        raise CommandError(str(error)) from error
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in readings:
        row = [getattr(one, name) for name in COLUMNS]
        writer.writerow(
            f"{value:%Y-%m-%dT%H:%M:%SZ}" if isinstance(value, datetime) else (value or "") for value in row
        )


@group.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, packed with gzip or not; - is standard input.")],
    report: Annotated[Path | None, typer.Option(help="Where to save the rows that were not taken, as CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    """Import a file and wait for its end. Exit code 1 when the import failed; rows that were not taken are told."""
    client = connect()
    run = _followed(client, _uploaded(client, file))
    if report is not None:
        _save_report(client, run, report)
    if as_json:
        print_json(run)
    else:
        shown = ("import_id", "state", "rows_read", "rows_applied", "rows_unchanged", "rows_rejected", "error")
        print_details({name: run[name] for name in shown})
    if run["rows_rejected"] and report is None:
        warn(f"{run['rows_rejected']} rows were not taken; --report FILE saves which and why")
    if run["state"] != "completed":
        raise CommandError(f"import {run['import_id']} {run['state']}: {run['error'] or 'it was ended'}")


def _uploaded(client: LabkeeperClient, file: Path) -> dict[str, Any]:
    try:
        with _opened(file) as content:
            name = "standard-input.csv" if file == _STANDARD else file.name
            response = client.http.post(
                f"{API}/specimens/import", files={"file": (name, content, "text/csv")}, timeout=None
            )
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}") from error
    except httpx.HTTPError as error:
        raise nobody_answers(client.url, error) from error
    if not response.is_success:
        raise CommandError(describe_refusal(response))
    run: dict[str, Any] = response.json()
    return run


def _opened(file: Path) -> IO[bytes]:
    if file != _STANDARD:
        return file.open("rb")
    # A request says how long it is: what comes through a pipe is kept until its end is known.
    kept = tempfile.TemporaryFile()  # noqa: SIM115  closed by whoever asked for it
    shutil.copyfileobj(sys.stdin.buffer, kept)
    kept.seek(0)
    return kept


def _followed(client: LabkeeperClient, run: dict[str, Any]) -> dict[str, Any]:
    """Draw the progress until the end. A stream that breaks off is opened again."""
    path, failures = f"/imports/{run['import_id']}", 0
    with progress_bar() as bar:
        task = bar.add_task(f"Importing {run['file_name']} (bytes)", total=run["size"])
        while run["state"] in ("queued", "running"):
            try:
                with client.http.stream("GET", f"{API}{path}/events") as response:
                    if not response.is_success:
                        response.read()
                        raise CommandError(describe_refusal(response))
                    for _, data in follow_lines(response):
                        run = httpx.Response(200, content=data).json()
                        failures = 0
                        bar.update(task, completed=run["bytes_read"])
            except httpx.HTTPError as error:
                failures += 1
                if failures == _TRIES:
                    raise nobody_answers(client.url, error) from error
    return run


def _save_report(client: LabkeeperClient, run: dict[str, Any], report: Path) -> None:
    try:
        with (
            client.http.stream("GET", f"{API}/imports/{run['import_id']}/report.csv") as response,
            report.open("wb") as file,
        ):
            for piece in response.iter_bytes():
                file.write(piece)
    except OSError as error:
        raise CommandError(f"{report} cannot be written: {error.strerror}") from error
    except httpx.HTTPError as error:
        raise nobody_answers(client.url, error) from error


@group.command("list")
def list_specimens(
    status: Annotated[str | None, typer.Option(help="Only this status, e.g. ERROR.")] = None,
    assay: Annotated[str | None, typer.Option(help="Only this assay.")] = None,
    machine: Annotated[str | None, typer.Option(help="Only this machine.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """List specimens, those received last first."""
    found = connect().pages("/specimens", limit, status=status, assay=assay, machine_id=machine)
    if as_json:
        print_json(found)
        return
    names = ("specimen_id", "assay", "machine_id", "operator_id", "status", "error_code", "received_at", "processed_at")
    titles = ("Specimen", "Assay", "Machine", "Operator", "Status", "Error", "Received", "Processed")
    print_table(titles, [[one[name] for name in names] for one in found], "No specimens match.")


@group.command()
def show(specimen_id: Annotated[str, typer.Argument(help="The laboratory's own id.")], as_json: AsJson = False) -> None:
    """Show one specimen and all that happened to it."""
    client = connect()
    path = f"/specimens/{quote(specimen_id, safe='')}"
    specimen, history = client.get(path), client.get(f"{path}/history")["items"]
    if as_json:
        print_json({**specimen, "history": history})
        return
    print_details(specimen)
    names = ("version", "at", "event_type", "status", "machine_id", "error_code", "actor")
    titles = ("Version", "At", "Fact", "Status", "Machine", "Error", "By")
    print_table(titles, [[one[name] for name in names] for one in history], "Nothing happened.")
