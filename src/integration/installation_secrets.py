"""The secrets of one installation: given by the environment, else made once and kept in its data folder."""

from dataclasses import dataclass, field
from secrets import token_urlsafe

from cryptography.fernet import Fernet

from domain.kernel.errors import LabkeeperError
from integration.secret_files import SecretFileError, read_or_make_secret
from settings import Settings, fernet_keys_of

JWT_FILE = "jwt.secret"
CREDENTIALS_KEY_FILE = "credentials.key"
SHORTEST_SECRET_BYTES = 32


class WeakSecretError(LabkeeperError):
    """A secret from the environment is too short to be one."""


@dataclass(frozen=True, slots=True)
class InstallationSecrets:
    """``credential_keys``: the first encrypts, all decrypt. Nothing of it is in the text form."""

    jwt_secret: bytes = field(repr=False)
    credential_keys: list[str] = field(repr=False)


def installation_secrets(settings: Settings) -> InstallationSecrets:
    """Return the secrets, making those that are neither set nor kept yet.

    Raises:
        WeakSecretError: ``LABKEEPER_JWT_SECRET`` has fewer than 32 bytes.
        SecretFileError: a kept secret cannot be read.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    jwt_secret = settings.jwt_secret or read_or_make_secret(settings.data_dir / JWT_FILE, lambda: token_urlsafe(48))
    if len(jwt_secret.encode()) < SHORTEST_SECRET_BYTES:
        raise WeakSecretError(f"LABKEEPER_JWT_SECRET must have at least {SHORTEST_SECRET_BYTES} bytes")
    return InstallationSecrets(jwt_secret.encode(), _credential_keys(settings))


def _credential_keys(settings: Settings) -> list[str]:
    if settings.credentials_key:
        return fernet_keys_of(settings.credentials_key)
    path = settings.data_dir / CREDENTIALS_KEY_FILE
    kept = read_or_make_secret(path, lambda: Fernet.generate_key().decode())
    try:
        return fernet_keys_of(kept)
    except ValueError as error:
        raise SecretFileError(f"what {path} holds {error}: put the key back that it held") from None
