"""Tokens signed with the secret of this installation."""

import os

from api.kernel.authorization import Role
from api.kernel.tokens import mint_token
from cli.errors import ConfigurationError
from integration.installation_secrets import InstallationSecrets, WeakSecretError, installation_secrets
from settings import Settings


def prepare_data_dir(settings: Settings) -> None:
    """Make the data folder, for nobody else to read.

    Raises:
        ConfigurationError: it cannot be made or written.
    """
    where = settings.data_dir.absolute()
    try:
        where.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"LABKEEPER_DATA_DIR: {where} cannot be made: {error.strerror}") from error
    if not os.access(where, os.W_OK | os.X_OK):
        raise ConfigurationError(f"LABKEEPER_DATA_DIR: {where} cannot be written by this user")


def secrets_of(settings: Settings) -> InstallationSecrets:
    """Return the installation's secrets; makes them, and the data folder, where there are none yet.

    Raises:
        ConfigurationError: the secret of the environment is too short, or the data folder cannot be used.
    """
    prepare_data_dir(settings)
    try:
        return installation_secrets(settings)
    except WeakSecretError as error:
        raise ConfigurationError(str(error)) from error


def signed_token(settings: Settings, secrets: InstallationSecrets, role: str, subject: str, ttl_seconds: int) -> str:
    """Return a token that this installation accepts."""
    return mint_token(
        secrets.jwt_secret,
        Role(role),
        subject,
        ttl_seconds,
        issuer=settings.jwt_issuer or None,
        audience=settings.jwt_audience or None,
    )
