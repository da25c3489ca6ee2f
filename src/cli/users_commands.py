"""``labkeeper users``: who there is, where this installation keeps that itself."""

from typing import Annotated
from urllib.parse import quote

import typer

from cli.client import connect
from cli.errors import CommandError
from cli.options import AsJson, Limit, ListsByDefault
from cli.output import print_details, print_json, print_table, printable, say

group = typer.Typer(cls=ListsByDefault, help="Users, unless Connect knows who there is.")

Username = Annotated[str, typer.Argument(help="Name of the user.")]


@group.command("list")
def list_users(limit: Limit = 200, as_json: AsJson = False) -> None:
    """List users."""
    found = connect().pages("/users", limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (one["username"], one["name"], one["email"], one["active"], ", ".join(one["organizations"])) for one in found
    ]
    print_table(("User", "Name", "E-mail", "Active", "Organizations"), rows, "There are no users.")


@group.command()
def show(username: Username, as_json: AsJson = False) -> None:
    """Show one user."""
    user = connect().get(user_path(username))
    (print_json if as_json else print_details)(user)


@group.command()
def add(
    username: Username,
    name: Annotated[str, typer.Option(help="What people call them.")] = "",
    email: Annotated[str, typer.Option(help="Their address.")] = "",
    active: Annotated[bool, typer.Option(help="One who is not active belongs nowhere.")] = True,
    as_json: AsJson = False,
) -> None:
    """Create a user."""
    user = connect().post("/users", {"username": username, "name": name, "email": email, "active": active})
    (print_json if as_json else print_details)(user)


@group.command()
def change(
    username: Username,
    name: Annotated[str | None, typer.Option(help="What people call them.")] = None,
    email: Annotated[str | None, typer.Option(help="Their address.")] = None,
    active: Annotated[bool | None, typer.Option(help="One who is not active belongs nowhere.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change a user; what is not named stays."""
    given = {"name": name, "email": email, "active": active}
    changes = {key: value for key, value in given.items() if value is not None}
    user = connect().request("PATCH", user_path(username), json=changes)
    (print_json if as_json else print_details)(user)


@group.command()
def remove(
    username: Username,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove a user with all memberships."""
    if not yes and not typer.confirm(printable(f"Remove {username}?"), err=True):
        raise CommandError("nothing was changed")
    connect().delete(user_path(username))
    if as_json:
        print_json({"username": username, "removed": True})
    else:
        say(printable(f"{username} is removed."))


def user_path(username: str) -> str:
    """Return the path of a user."""
    return f"/users/{quote(username, safe='')}"
