"""All settings, read once from ``LABKEEPER_*`` in the environment. The README documents each."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from neuroglia.hosting.abstractions import ApplicationSettings
from pydantic import AliasChoices, Field
from pydantic_settings import SettingsConfigDict


class LabsSettings(ApplicationSettings):
    """Settings of the labs context."""

    model_config = SettingsConfigDict(env_prefix="LABKEEPER_LABS_", extra="ignore", env_ignore_empty=True)

    refresh_interval_seconds: Annotated[float, Field(ge=1)] = 1800
    refresh_concurrency: Annotated[int, Field(ge=1, le=100)] = 5
    detail_concurrency: Annotated[int, Field(ge=1, le=100)] = 5
    max_history_size: Annotated[int, Field(ge=1, le=1000)] = 50
    worker_deadline_seconds: Annotated[float, Field(ge=1, le=3600)] = 60


class Settings(ApplicationSettings):
    """Settings of the whole program."""

    model_config = SettingsConfigDict(
        env_prefix="LABKEEPER_", extra="ignore", env_ignore_empty=True, populate_by_name=True
    )

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    data_dir: Path = Path("./.labkeeper")
    public_url: str = ""
    mongodb_uri: str = ""
    mongodb_database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,63}$")] = "labkeeper"
    mongodb_driver: Literal["motor", "pymongo"] = "motor"
    jwt_secret: str = ""
    jwks_url: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""
    credentials_key: str = ""
    log_format: Literal["json", "text"] = "json"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otlp_endpoint: Annotated[
        str, Field(validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT", "otlp_endpoint"))
    ] = ""

    @cached_property
    def labs(self) -> LabsSettings:
        """The labs context's own settings."""
        return LabsSettings()
