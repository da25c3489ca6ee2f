"""``labkeeper labs``: what is known about labs."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.client import connect
from cli.options import AsJson, Limit, ListsByDefault
from cli.output import print_details, print_json, print_table
from cli.workers_commands import worker_id_of

group = typer.Typer(cls=ListsByDefault, help="Labs of all workers, from Labkeeper's own store.")

RecordId = Annotated[str, typer.Argument(help="Id of the lab record.")]
Owner = Annotated[str | None, typer.Option(help="Only labs of this user name.")]


@group.command("list")
def list_labs(
    region: Annotated[str | None, typer.Option(help="Only this region.")] = None,
    worker: Annotated[str | None, typer.Option(help="Only this worker: its id, or its name.")] = None,
    state: Annotated[str | None, typer.Option(help="Only this state, e.g. STARTED.")] = None,
    owner: Owner = None,
    text: Annotated[str | None, typer.Option("--text", "-q", help="In title, description or notes.")] = None,
    include_removed: Annotated[bool, typer.Option("--include-removed", help="Also labs that are gone.")] = False,
    sort: Annotated[str, typer.Option(help="Field to sort by; with - in front descending.")] = "title",
    limit: Limit = 200,
    as_json: AsJson = False,
) -> None:
    """List labs."""
    client = connect()
    if worker is not None:
        worker = worker_id_of(client, worker, region)
    wanted = {"region": region, "worker": worker, "state": state, "owner": owner, "q": text, "sort": sort}
    found = client.pages("/labs", limit, include_removed=include_removed or None, **wanted)
    if as_json:
        print_json(found)
        return
    columns = ("Region", "Worker", "Title", "State", "Owner", "Nodes", "Modified", "Record")
    rows = [
        (
            *(one["region"], one["worker_name"], one["title"]),
            "removed" if one["removed"] else one["state"],
            *(one["owner_username"], one["node_count"], one["modified"], one["record_id"]),
        )
        for one in found
    ]
    print_table(columns, rows, "No labs match.")


@group.command()
def show(
    record_id: RecordId,
    as_of: Annotated[str | None, typer.Option(help="The lab as it was then, e.g. 2026-01-31T12:00:00Z.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show one lab with its last operations."""
    lab = connect().get(f"/labs/{quote(record_id, safe='')}", as_of=as_of)
    if as_json:
        print_json(lab)
        return
    operations = lab.pop("operation_history")
    print_details(lab)
    print_operations(operations)


@group.command()
def history(record_id: RecordId, limit: Limit = 50, as_json: AsJson = False) -> None:
    """Show everything that happened to a lab, newest first."""
    entries = connect().pages(f"/labs/{quote(record_id, safe='')}/history", limit)
    if as_json:
        print_json(entries)
        return
    rows = [(one["version"], one["at"], one["type"], one["by"], _changes(one)) for one in entries]
    print_table(("Version", "At", "Type", "By", "What changed"), rows, "Nothing happened to it.")


def print_operations(operations: list[dict[str, Any]]) -> None:
    """Print a lab's last operations."""
    rows = [(one["timestamp"], one["previous_state"], one["new_state"], _changes(one)) for one in operations]
    print_table(("At", "From", "To", "What changed"), rows, "It has not changed since it was first seen.")


def _changes(entry: dict[str, Any]) -> str:
    changes = [f"{name}: {values['old']} -> {values['new']}" for name, values in entry["changed_fields"].items()]
    before, after = entry.get("previous_state"), entry.get("new_state")
    if after and before != after and "state" not in entry["changed_fields"]:
        changes.append(f"state: {before or '-'} -> {after}")
    return "; ".join(changes) or "-"
