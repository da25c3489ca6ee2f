"""``labkeeper workers``: the controllers."""

import os
import re
from typing import Annotated, Any

import typer

from cli.client import LabkeeperClient, connect
from cli.errors import CommandError
from cli.options import AsJson, ListsByDefault
from cli.output import print_details, print_json, print_table, printable, say
from domain.labs.worker_details import normal_name

group = typer.Typer(cls=ListsByDefault, help="Controllers whose labs are kept track of.")

Region = Annotated[str | None, typer.Option(help="Only this region.")]
WorkerId = Annotated[str, typer.Argument(help="Id or name of the worker.")]
_WORKER_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@group.command("list")
def list_workers(
    region: Region = None,
    status: Annotated[str | None, typer.Option(help="active, inactive, reachable, unreachable, ...")] = None,
    as_json: AsJson = False,
) -> None:
    """List workers, those of all regions unless one is named."""
    found = list(connect().pages("/workers" if region is None else _region_path(region), status=status))
    if as_json:
        print_json(found)
        return
    rows = [
        (one["region"], one["name"], one["worker_id"], one["reachability"], one["active"], one["last_synced_at"])
        for one in found
    ]
    print_table(("Region", "Name", "Worker", "Reachability", "Active", "Last synced"), rows, "There are no workers.")


@group.command()
def show(worker_id: WorkerId, as_json: AsJson = False) -> None:
    """Show one worker."""
    worker = find_worker(connect(), worker_id)
    (print_json if as_json else print_details)(worker)


@group.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    endpoint_url: Annotated[str, typer.Argument(help="Base URL of the controller.")],
    region: Annotated[str, typer.Option(help="Region it is in.")],
    username: Annotated[str, typer.Option(help="User to log in as.")],
    verify_tls: Annotated[bool, typer.Option(help="Check the controller's certificate.")] = True,
    active: Annotated[bool, typer.Option(help="Refresh its labs.")] = True,
    as_json: AsJson = False,
) -> None:
    """Register a worker. The password is asked for, or taken from LABKEEPER_WORKER_PASSWORD."""
    password = os.environ.get("LABKEEPER_WORKER_PASSWORD") or typer.prompt("Password", hide_input=True, err=True)
    body = {
        "name": name,
        "endpoint_url": endpoint_url,
        "username": username,
        "password": password,
        "verify_tls": verify_tls,
        "active": active,
    }
    worker = connect().post(_region_path(region), body)
    (print_json if as_json else print_details)(worker)


@group.command()
def remove(
    worker_id: WorkerId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Decommission a worker: its labs become removed, their history stays."""
    client = connect()
    worker = find_worker(client, worker_id)
    if not yes and not typer.confirm(printable(f"Decommission {worker['name']} in {worker['region']}?"), err=True):
        raise CommandError("nothing was changed")
    client.delete(worker_path(worker))
    if as_json:
        print_json({"worker_id": worker["worker_id"], "decommissioned": True})
    else:
        say(printable(f"{worker['name']} is decommissioned."))


def find_worker(client: LabkeeperClient, wanted: str, region: str | None = None) -> dict[str, Any]:
    """Return a worker by its id or, if only one is called so (in the region, if one is named), by its name.

    Raises:
        CommandError: there is none, or there are several; then their ids are listed.
    """
    workers = client.pages("/workers" if region is None else _region_path(region))
    found = (
        [one for one in workers if one["worker_id"] == wanted]
        or [one for one in workers if one["name"] == wanted]
        or [one for one in workers if normal_name(one["name"]) == normal_name(wanted)]
    )
    if len(found) == 1:
        return found[0]
    if not found:
        raise CommandError(f"there is no worker {wanted}" + ("" if region is None else f" in {region}"))
    which = ", ".join(f"{one['worker_id']} in {one['region']}" for one in found)
    raise CommandError(f"{len(found)} workers are called {wanted}; say which by its id: {which}")


def worker_id_of(client: LabkeeperClient, wanted: str, region: str | None = None) -> str:
    """Return the id that an id or a name stands for; an id is not looked up, the worker may be decommissioned."""
    return wanted if _WORKER_ID.fullmatch(wanted) else str(find_worker(client, wanted, region)["worker_id"])


def worker_path(worker: dict[str, Any]) -> str:
    """Return the path of a worker."""
    return f"{_region_path(worker['region'])}/{worker['worker_id']}"


def _region_path(region: str) -> str:
    return f"/workers/region/{region}/workers"
