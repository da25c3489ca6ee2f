"""``labkeeper token``: a bearer token, signed with the secret of this installation."""

from enum import StrEnum
from typing import Annotated

import typer

from cli.output import say

DAY_SECONDS = 86_400


class RoleName(StrEnum):
    """The roles, without importing what enforces them."""

    ADMIN = "admin"
    MANAGER = "manager"
    USER = "user"


def token(
    role: Annotated[RoleName, typer.Option(help="What its holder may do.")],
    subject: Annotated[str, typer.Option(help="Who it is for; theirs are the records.")] = "cli",
    ttl_seconds: Annotated[int, typer.Option(min=1, max=3650 * DAY_SECONDS, help="How long it holds.")] = DAY_SECONDS,
) -> None:
    """Print one bearer token, and nothing else."""
    from api.kernel.subjects import objection_to_subject
    from cli.configuration import load_settings
    from cli.signed_tokens import secrets_of, signed_token

    objection = objection_to_subject(subject)
    if objection is not None:
        raise typer.BadParameter(objection, param_hint="--subject")
    settings = load_settings()
    say(signed_token(settings, secrets_of(settings), role.value, subject, ttl_seconds))
