"""All settings, read once from ``LABKEEPER_*`` in the environment. notes/guides/settings.md documents each."""

import re
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.fernet import Fernet
from neuroglia.hosting.abstractions import ApplicationSettings
from pydantic import AfterValidator, AliasChoices, Field
from pydantic_settings import SettingsConfigDict

_Seconds = Annotated[float, Field(ge=1, le=30 * 86_400, allow_inf_nan=False)]

_MONGODB_HOST = r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]|%2[Ff][A-Za-z0-9._%-]+)(?::[0-9]{1,5})?"
_MONGODB_USER = r"(?:[^\s:@/?#\[\]]+(?::[^\s:@/?#\[\]]*)?@)?"
_is_mongodb_uri = re.compile(
    rf"mongodb(?:\+srv)?://{_MONGODB_USER}{_MONGODB_HOST}(?:,{_MONGODB_HOST})*(?:/[^\s/@?#]*)?(?:\?[^\s#]*)?"
).fullmatch


def _mongodb_uri(value: str) -> str:
    # Messages never quote the value: it may hold a password.
    if value and not _is_mongodb_uri(value):
        raise ValueError(
            "must be mongodb://[user:password@]host[:port][,...]/[?options], or mongodb+srv://, "
            "with user and password percent-encoded"
        )
    return value


def _http_url(value: str) -> str:
    """Refuse what no HTTP client could call, and credentials, which would end up in logs."""
    if not value:
        return value
    try:
        parts = urlsplit(value)
        readable = value.isprintable() and " " not in value and "\\" not in value and parts.port != 0
    except ValueError:
        readable = False
    if not readable or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL with a host and, if any, a port from 1 to 65535")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not carry a user name or password")
    if parts.fragment:
        raise ValueError("must not carry a fragment")
    return value


def _base_url(value: str) -> str:
    if "?" in _http_url(value):
        raise ValueError("must not carry a query: paths are added to it")
    return value


def networks_of(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the addresses and networks of a list that commas separate.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())


def _networks(value: str) -> str:
    try:
        networks_of(value)
    except ValueError:
        raise ValueError("must be IP addresses or networks such as 10.0.0.0/8, separated by commas") from None
    return value


def fernet_keys_of(value: str) -> list[str]:
    """Return the keys of a list that commas separate.

    Raises:
        ValueError: there is none, or one is no Fernet key; the message never quotes it.
    """
    keys = [key.strip() for key in value.split(",") if key.strip()]
    try:
        for key in keys:
            Fernet(key)
    except ValueError:
        keys = []
    if not keys:
        raise ValueError("must be Fernet keys (32 bytes in URL-safe base64 each), separated by commas")
    return keys


def _fernet_keys(value: str) -> str:
    if value:
        fernet_keys_of(value)
    return value


class LabsSettings(ApplicationSettings):
    """Settings of the labs context."""

    model_config = SettingsConfigDict(env_prefix="LABKEEPER_LABS_", extra="ignore", env_ignore_empty=True)

    refresh_interval_seconds: _Seconds = 1800
    refresh_concurrency: Annotated[int, Field(ge=1, le=100)] = 5
    detail_concurrency: Annotated[int, Field(ge=1, le=100)] = 5
    max_history_size: Annotated[int, Field(ge=1, le=1000)] = 50
    worker_deadline_seconds: Annotated[float, Field(ge=1, le=3600, allow_inf_nan=False)] = 60


class ConnectSettings(ApplicationSettings):
    """Where CommCare Connect is, and who this installation is there. Without a URL nobody can log in there."""

    model_config = SettingsConfigDict(
        env_prefix="LABKEEPER_CONNECT_", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    url: Annotated[str, AfterValidator(_base_url)] = ""
    client_id: str = ""
    client_secret: Annotated[str, Field(repr=False)] = ""


class RecordsSettings(ApplicationSettings):
    """Settings of the records context."""

    model_config = SettingsConfigDict(env_prefix="LABKEEPER_RECORDS_", extra="ignore", env_ignore_empty=True)

    repository: Literal["local", "remote", "cached"] = "local"
    solicitation_experiment: Literal["owner", "shared"] = "owner"
    max_age_seconds: _Seconds = 300
    refresh_interval_seconds: _Seconds = 900


class OcsSettings(ApplicationSettings):
    """Where Open Chat Studio is; empty where there is none. Its key is kept among the credentials."""

    model_config = SettingsConfigDict(env_prefix="LABKEEPER_OCS_", extra="ignore", env_ignore_empty=True)

    url: Annotated[str, AfterValidator(_base_url)] = ""


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("must be the name of a time zone such as Europe/Berlin") from None
    return value


class LabopsSettings(ApplicationSettings):
    """Settings of the lab operations context. The Teams URL is a secret: whoever has it may write there."""

    model_config = SettingsConfigDict(
        env_prefix="LABKEEPER_LABOPS_", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    alert_interval_seconds: _Seconds = 60
    teams_webhook_url: Annotated[str, AfterValidator(_http_url), Field(repr=False)] = ""
    standup_at: Annotated[str, Field(pattern=r"^(?:|(?:[01][0-9]|2[0-3]):[0-5][0-9])$")] = ""
    timezone: Annotated[str, AfterValidator(_time_zone)] = "UTC"
    dq_interval_seconds: _Seconds = 86_400
    max_import_bytes: Annotated[int, Field(ge=1024, le=1 << 40)] = 2 << 30
    whatif_processes: Annotated[int, Field(ge=1, le=16)] = 1
    plugin_seconds: Annotated[float, Field(ge=0.1, le=300, allow_inf_nan=False)] = 10


class Settings(ApplicationSettings):
    """Settings of the whole program."""

    model_config = SettingsConfigDict(
        env_prefix="LABKEEPER_",
        extra="ignore",
        env_ignore_empty=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    data_dir: Path = Path("./.labkeeper")
    public_url: Annotated[str, AfterValidator(_base_url)] = ""
    trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""
    mongodb_uri: Annotated[str, AfterValidator(_mongodb_uri)] = ""
    mongodb_database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,63}$")] = "labkeeper"
    mongodb_driver: Literal["motor", "pymongo"] = "motor"
    jwt_secret: str = ""
    jwks_url: Annotated[str, AfterValidator(_http_url)] = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""
    credentials_key: Annotated[str, AfterValidator(_fernet_keys)] = ""
    log_format: Literal["json", "text"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: Annotated[
        str,
        AfterValidator(_base_url),
        Field(validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT", "otlp_endpoint")),
    ] = ""

    @cached_property
    def labs(self) -> LabsSettings:
        """The labs context's own settings."""
        return LabsSettings()

    @cached_property
    def connect(self) -> ConnectSettings:
        """Where Connect is."""
        return ConnectSettings()

    @cached_property
    def records(self) -> RecordsSettings:
        """The records context's own settings."""
        return RecordsSettings()

    @cached_property
    def labops(self) -> LabopsSettings:
        """The lab operations context's own settings."""
        return LabopsSettings()

    @cached_property
    def ocs(self) -> OcsSettings:
        """Where Open Chat Studio is."""
        return OcsSettings()
