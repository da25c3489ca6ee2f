"""``labkeeper read-models``: the stores that queries are answered from."""

from typing import Annotated
from urllib.parse import quote

import typer

from cli.client import connect
from cli.options import AsJson, ListsByDefault
from cli.output import print_json, print_table
from cli.run_progress import check_outcome, follow_run, print_run

group = typer.Typer(cls=ListsByDefault, help="What queries are answered from.")


@group.command("list")
def list_read_models(as_json: AsJson = False) -> None:
    """List read models and how far they lag."""
    found = connect().get("/read-models")["items"]
    if as_json:
        print_json(found)
        return
    columns = ("Name", "Documents", "Position", "Head", "Lag", "Rebuilding", "Rebuilt at")
    rows = [[one[column.lower().replace(" ", "_")] for column in columns] for one in found]
    print_table(columns, rows, "There are no read models.")


@group.command()
def rebuild(
    name: Annotated[str, typer.Argument(help="Name of the read model, e.g. lab_records.")], as_json: AsJson = False
) -> None:
    """Rebuild a read model from the events, beside the one that serves; then swap them."""
    client = connect()
    run = follow_run(client, client.post(f"/read-models/{quote(name, safe='')}/rebuild"), f"Rebuilding {name}")
    (print_json if as_json else print_run)(run)
    check_outcome(run)
