"""``labkeeper token``: a bearer token, signed with the secret of this installation."""

from typing import Annotated

import typer

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from cli.configuration import ConfigurationError, load_settings
from cli.output import say
from integration.installation_secrets import InstallationSecrets, WeakSecretError, installation_secrets
from settings import Settings

DAY_SECONDS = 86_400


def token(
    role: Annotated[Role, typer.Option(help="What its holder may do.")],
    subject: Annotated[str, typer.Option(help="Who it is for; appears in the history.")] = "cli",
    ttl_seconds: Annotated[int, typer.Option(min=1, max=3650 * DAY_SECONDS, help="How long it holds.")] = DAY_SECONDS,
) -> None:
    """Print one bearer token, and nothing else."""
    if not subject.strip():
        raise typer.BadParameter("must not be empty", param_hint="--subject")
    settings = load_settings()
    try:
        secrets = installation_secrets(settings)
    except WeakSecretError as error:
        raise ConfigurationError(str(error)) from error
    say(signed_token(settings, secrets, role, subject, ttl_seconds))


def signed_token(settings: Settings, secrets: InstallationSecrets, role: Role, subject: str, ttl_seconds: int) -> str:
    """Return a token that this installation accepts."""
    return mint_token(
        secrets.jwt_secret,
        role,
        subject,
        ttl_seconds,
        issuer=settings.jwt_issuer or None,
        audience=settings.jwt_audience or None,
    )
