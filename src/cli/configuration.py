"""Reading the settings, and saying in words of the environment what is wrong with them."""

import os
from typing import Any

from neuroglia.hosting.abstractions import ApplicationSettings
from pydantic import ValidationError

from cli.errors import ConfigurationError
from settings import ConnectSettings, LabopsSettings, LabsSettings, OcsSettings, RecordsSettings, Settings

PARTS = (LabsSettings, LabopsSettings, RecordsSettings, ConnectSettings, OcsSettings)
"""The settings classes of single contexts."""

CLIENT_VARIABLES = frozenset({"LABKEEPER_URL", "LABKEEPER_TOKEN", "LABKEEPER_WORKER_PASSWORD"})


def load_settings(defaults: dict[str, str] | None = None) -> Settings:
    """Return the settings of the environment.

    Args:
        defaults: variables that hold where the environment says nothing.

    Raises:
        ConfigurationError: at least one is wrong; all of them are named.
    """
    for name, value in (defaults or {}).items():
        if not os.environ.get(name):
            os.environ[name] = value
    wrong: list[str] = []
    settings: Settings | None = None
    try:
        settings = Settings()
    except ValidationError as error:
        wrong += _complaints(error, Settings)
    for part in PARTS:
        try:
            part()
        except ValidationError as error:
            wrong += _complaints(error, part)
    if settings is None or wrong:
        raise ConfigurationError("; ".join(wrong))
    return settings


def check_completeness(settings: Settings) -> None:
    """Return if nothing is missing that the others ask for.

    Raises:
        ConfigurationError: something is; all of it is named.
    """
    if settings.records.repository == "local":
        return
    given = {"LABKEEPER_CONNECT_URL": settings.connect.url, "LABKEEPER_CONNECT_CLIENT_ID": settings.connect.client_id}
    missing = ", ".join(name for name, value in given.items() if not value)
    if missing:
        raise ConfigurationError(f"{missing}: must be set unless LABKEEPER_RECORDS_REPOSITORY is local")


def known_variables() -> set[str]:
    """Return the names of all variables that mean something to Labkeeper."""
    known = set(CLIENT_VARIABLES)
    for model in (Settings, *PARTS):
        known |= {_variable(name, model) for name in model.model_fields}
    return known


def unknown_variables() -> list[str]:
    """Return variables of the environment that look like settings and are none: most likely typing errors."""
    return sorted(name for name in os.environ if name.startswith("LABKEEPER_") and name not in known_variables())


def _complaints(error: ValidationError, model: type[ApplicationSettings]) -> list[str]:
    return [_complaint(entry, model) for entry in error.errors()]


def _complaint(entry: Any, model: type[ApplicationSettings]) -> str:
    field = str(entry["loc"][0]) if entry["loc"] else ""
    rule = str(entry["msg"]).replace("Input should", "should").replace("Value error, ", "")
    may_hold_secrets = any(word in field.lower() for word in ("secret", "key", "uri", "url", "endpoint"))
    given = "" if may_hold_secrets else f" (it is {str(entry['input'])!r})"
    return f"{_variable(field, model)}: {rule}{given}"


def _variable(field: str, model: type[ApplicationSettings]) -> str:
    if field in ("otlp_endpoint", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        return "OTEL_EXPORTER_OTLP_ENDPOINT"
    return f"{model.model_config.get('env_prefix', '')}{field}".upper()
