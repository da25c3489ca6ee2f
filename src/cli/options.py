"""Options that many commands have."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

OWN_OPTIONS = ("-h", "--help")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]


class ListsByDefault(TyperGroup):
    """A group of commands that lists when none of them is named: ``labs --state STARTED``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in OWN_OPTIONS):
            args = ["list", *args]
        return super().parse_args(ctx, args)
