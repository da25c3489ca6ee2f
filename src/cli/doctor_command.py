"""``labkeeper doctor``: checks the installation and says what to do."""

import typer

from cli.options import AsJson
from cli.output import print_json, print_table, say


def doctor(as_json: AsJson = False) -> None:
    """Check the installation, and say what to do about each problem. Exit code 1 if there is one."""
    # Only here: it imports most of what it checks.
    from cli.checkup import check_installation

    findings = check_installation()
    troubles = [one for one in findings if not one.well]
    if as_json:
        print_json(
            {
                "well": not troubles,
                "checks": [
                    {"name": one.name, "well": one.well, "finding": one.finding, "advice": one.advice}
                    for one in findings
                ],
            }
        )
    else:
        rows = [("ok" if one.well else "PROBLEM", one.name, one.finding) for one in findings]
        print_table(("", "Check", "Finding"), rows, "Nothing was checked.")
        for one in troubles:
            say(f"\n{one.name}: {one.finding}\n  {one.advice}")
    if troubles:
        raise typer.Exit(1)
