"""``labkeeper organizations``: who owns programs and opportunities, where this installation keeps that itself."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from cli.client import connect
from cli.errors import CommandError
from cli.options import AsJson, Limit, ListsByDefault
from cli.output import print_details, print_json, print_table, printable, say

group = typer.Typer(cls=ListsByDefault, help="Organisations, unless Connect knows which there are.")

Slug = Annotated[str, typer.Argument(help="Slug of the organisation.")]
Name = Annotated[str, typer.Argument(help="What people call it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Id = Annotated[int, typer.Argument(min=1, help="Its id.")]


@group.command("list")
def list_organizations(limit: Limit = 200, as_json: AsJson = False) -> None:
    """List organisations."""
    found = connect().pages("/organizations", limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (one["id"], one["slug"], one["name"], one["funder"], len(one["programs"]), len(one["opportunities"]))
        for one in found
    ]
    columns = ("Id", "Slug", "Name", "Funder", "Programs", "Opportunities")
    print_table(columns, rows, "There are no organizations.")


@group.command()
def show(slug: Slug, as_json: AsJson = False) -> None:
    """Show one organisation with its programs and opportunities."""
    found = connect().get(organization_path(slug))
    if as_json:
        print_json(found)
        return
    programs, opportunities = found.pop("programs"), found.pop("opportunities")
    print_details(found)
    rows = [(one["id"], one["name"], one["delivery_type"], one["currency"]) for one in programs]
    print_table(("Program", "Name", "Delivery type", "Currency"), rows, "It has no programs.")
    columns = ("Opportunity", "Name", "Program", "From", "To", "Active")
    shown = ("id", "name", "program_id", "start_date", "end_date", "is_active")
    print_table(columns, ([one[name] for name in shown] for one in opportunities), "It has no opportunities.")


@group.command()
def add(
    slug: Slug,
    name: Name,
    funder: Annotated[bool, typer.Option(help="It pays for programs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Create an organisation."""
    _print(connect().post("/organizations", {"slug": slug, "name": name, "funder": funder}), as_json)


@group.command()
def change(
    slug: Slug,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    funder: Annotated[bool | None, typer.Option(help="It pays for programs.")] = None,
    as_json: AsJson = False,
) -> None:
    """Change an organisation; what is not named stays."""
    changes = {key: value for key, value in {"name": name, "funder": funder}.items() if value is not None}
    _print(connect().request("PATCH", organization_path(slug), json=changes), as_json)


@group.command()
def remove(slug: Slug, yes: Yes = False, as_json: AsJson = False) -> None:
    """Remove an organisation with its programs, opportunities and memberships."""
    _remove(organization_path(slug), slug, yes=yes, as_json=as_json)


@group.command("add-program")
def add_program(
    slug: Slug,
    name: Name,
    delivery_type: Annotated[str | None, typer.Option(help="What is delivered, e.g. nutrition.")] = None,
    currency: Annotated[str | None, typer.Option(help="Three letters, e.g. KES.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add a program."""
    body = {"name": name, "delivery_type": delivery_type, "currency": currency}
    _print(connect().post(f"{organization_path(slug)}/programs", body), as_json)


@group.command("remove-program")
def remove_program(slug: Slug, program_id: Id, yes: Yes = False, as_json: AsJson = False) -> None:
    """Remove a program; opportunities that named it stay, without one."""
    _remove(f"{organization_path(slug)}/programs/{program_id}", f"program {program_id}", yes=yes, as_json=as_json)


@group.command("add-opportunity")
def add_opportunity(
    slug: Slug,
    name: Name,
    program_id: Annotated[
        int | None, typer.Option("--program", min=1, help="Id of any organisation's program.")
    ] = None,
    start_date: Annotated[str | None, typer.Option("--from", help="First day, as YYYY-MM-DD.")] = None,
    end_date: Annotated[str | None, typer.Option("--to", help="Last day, as YYYY-MM-DD.")] = None,
    as_json: AsJson = False,
) -> None:
    """Add an opportunity."""
    body = {"name": name, "program_id": program_id, "start_date": start_date, "end_date": end_date}
    _print(connect().post(f"{organization_path(slug)}/opportunities", body), as_json)


@group.command("remove-opportunity")
def remove_opportunity(slug: Slug, opportunity_id: Id, yes: Yes = False, as_json: AsJson = False) -> None:
    """Remove an opportunity."""
    path = f"{organization_path(slug)}/opportunities/{opportunity_id}"
    _remove(path, f"opportunity {opportunity_id}", yes=yes, as_json=as_json)


def organization_path(slug: str) -> str:
    """Return the path of an organisation."""
    return f"/organizations/{quote(slug, safe='')}"


def _print(found: dict[str, Any], as_json: bool) -> None:
    (print_json if as_json else print_details)(found)


def _remove(path: str, what: str, *, yes: bool, as_json: bool) -> None:
    if not yes and not typer.confirm(printable(f"Remove {what}?"), err=True):
        raise CommandError("nothing was changed")
    connect().delete(path)
    if as_json:
        print_json({"removed": what})
    else:
        say(printable(f"{what} is removed."))
