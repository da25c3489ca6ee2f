"""``labkeeper memberships``: who belongs where, where this installation keeps that itself."""

from typing import Annotated
from urllib.parse import quote

import typer

from cli.client import connect
from cli.options import AsJson, Limit, ListsByDefault
from cli.output import print_details, print_json, print_table, printable, say

group = typer.Typer(cls=ListsByDefault, help="Who belongs where, unless Connect knows that.")

Username = Annotated[str, typer.Argument(help="Name of the user.")]
Slug = Annotated[str, typer.Argument(help="Slug of the organisation.")]


@group.command("list")
def list_memberships(
    user: Annotated[str | None, typer.Option(help="Only of this user.")] = None,
    organization: Annotated[str | None, typer.Option(help="Only of this organisation.")] = None,
    limit: Limit = 200,
    as_json: AsJson = False,
) -> None:
    """List memberships."""
    found = connect().pages("/memberships", limit, username=user, organization=organization)
    if as_json:
        print_json(found)
        return
    rows = [(one["username"], one["organization"], one["organization_id"], one["since"]) for one in found]
    print_table(("User", "Organization", "Id", "Since"), rows, "There are no memberships.")


@group.command()
def add(username: Username, organization: Slug, as_json: AsJson = False) -> None:
    """Let a user belong to an organisation."""
    found = connect().post("/memberships", {"username": username, "organization": organization})
    (print_json if as_json else print_details)(found)


@group.command()
def remove(username: Username, organization: Slug, as_json: AsJson = False) -> None:
    """End a membership."""
    connect().delete(f"/memberships/{quote(organization, safe='')}/{quote(username, safe='')}")
    if as_json:
        print_json({"username": username, "organization": organization, "removed": True})
    else:
        say(printable(f"{username} does not belong to {organization} any more."))
