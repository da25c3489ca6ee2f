"""``labkeeper subscriptions``: how they stand, and what they gave up on."""

from typing import Annotated
from urllib.parse import quote

import typer

from cli.client import connect
from cli.errors import CommandError
from cli.options import AsJson, Limit, ListsByDefault
from cli.output import print_json, print_table, say

group = typer.Typer(cls=ListsByDefault, help="What reads the events, and what it could not deal with.")

Name = Annotated[str, typer.Argument(help="Name of the subscription.")]
ParkedId = Annotated[str, typer.Argument(help="Id of the parked event.")]


@group.command("list")
def list_subscriptions(as_json: AsJson = False) -> None:
    """List subscriptions and how far they lag."""
    found = connect().get("/subscriptions")["items"]
    if as_json:
        print_json(found)
        return
    columns = ("Name", "Kind", "Position", "Head", "Lag", "Parked", "Waiting", "Last error")
    rows = [[one[column.lower().replace(" ", "_")] for column in columns] for one in found]
    print_table(columns, rows, "There are no subscriptions.")


@group.command()
def parked(name: Name, limit: Limit = 200, as_json: AsJson = False) -> None:
    """List the events that a subscription gave up on, oldest first."""
    found = connect().pages(f"{_path(name)}/parked", limit)
    if as_json:
        print_json(found)
        return
    columns = ("Id", "State", "Type", "Stream", "Attempts", "Error")
    rows = [(one["id"], one["state"], one["event_type"], one["stream"], one["attempts"], one["error"]) for one in found]
    print_table(columns, rows, f"{name} has no parked events.")


@group.command()
def replay(name: Name, parked_id: ParkedId, as_json: AsJson = False) -> None:
    """Try a parked event again now."""
    answer = connect().post(f"{_path(name)}/parked/{quote(parked_id, safe='')}/replay")
    if as_json:
        print_json(answer)
    if answer["outcome"] != "replayed":
        raise CommandError(f"{parked_id}: {answer['outcome']}; `labkeeper subscriptions parked {name}` says why")
    if not as_json:
        say(f"{parked_id} is replayed.")


@group.command()
def drop(name: Name, parked_id: ParkedId, as_json: AsJson = False) -> None:
    """Give a parked event up for good."""
    connect().delete(f"{_path(name)}/parked/{quote(parked_id, safe='')}")
    if as_json:
        print_json({"id": parked_id, "dropped": True})
    else:
        say(f"{parked_id} is dropped.")


def _path(name: str) -> str:
    return f"/subscriptions/{quote(name, safe='')}"
