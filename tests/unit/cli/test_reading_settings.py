"""Settings from the environment, and what people read when they are wrong."""

import base64
import inspect
import re
from pathlib import Path

import pytest
from neuroglia.hosting.abstractions import ApplicationSettings

import settings as settings_module
from cli.configuration import CLIENT_VARIABLES, PARTS, known_variables, load_settings, unknown_variables
from cli.errors import ConfigurationError
from integration.installation_secrets import CREDENTIALS_KEY_FILE, installation_secrets
from integration.secret_files import SecretFileError
from settings import Settings


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKEEPER_PORT", "no")
    monkeypatch.setenv("LABKEEPER_LABS_REFRESH_CONCURRENCY", "0")
    with pytest.raises(ConfigurationError, match=r"LABKEEPER_PORT: .*; LABKEEPER_LABS_REFRESH_CONCURRENCY: "):
        load_settings()


def test_an_empty_setting_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKEEPER_PORT", "")
    assert load_settings().port == 8080


def test_defaults_of_a_command_give_way_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKEEPER_LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("LABKEEPER_LOG_FORMAT", "")
    settings = load_settings({"LABKEEPER_LOG_LEVEL": "WARNING", "LABKEEPER_LOG_FORMAT": "text"})
    assert (settings.log_level, settings.log_format) == ("DEBUG", "text")


def test_a_mistyped_setting_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKEEPER_LABS_REFRESH_INTERVALL_SECONDS", "60")
    monkeypatch.setenv("LABKEEPER_TOKEN", "x")
    assert unknown_variables() == ["LABKEEPER_LABS_REFRESH_INTERVALL_SECONDS"]


def test_every_settings_class_is_known() -> None:
    classes = {
        model
        for _, model in inspect.getmembers(settings_module, inspect.isclass)
        if issubclass(model, ApplicationSettings) and model is not ApplicationSettings
    }
    assert classes == {Settings, *PARTS}


def test_the_guide_lists_every_setting_and_no_other() -> None:
    table = (Path(__file__).parents[3] / "notes/guides/settings.md").read_text()
    listed = set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE))
    inherited = {
        f"{model.model_config['env_prefix']}{name}".upper()
        for model in (Settings, *PARTS)
        for name in ApplicationSettings.model_fields
    }
    own = known_variables() - inherited - CLIENT_VARIABLES | {"LABKEEPER_LOG_LEVEL"}
    assert listed == own


def test_the_time_zone_of_the_laboratory_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKEEPER_LABOPS_TIMEZONE", "Europe/Berlin")
    assert unknown_variables() == []
    assert load_settings().labops.timezone == "Europe/Berlin"
    monkeypatch.setenv("LABKEEPER_LABOPS_TIMEZONE", "Mars/Olympus")
    with pytest.raises(ConfigurationError, match=r"^LABKEEPER_LABOPS_TIMEZONE: must be the name of a time zone"):
        load_settings()


def numbers() -> dict[str, float]:
    """Return the upper bound of every setting that is a number, by the variable's name; of those without one, inf."""
    found = {}
    for model in (Settings, *PARTS):
        for name, field in model.model_fields.items():
            if field.annotation in (int, float) and name not in ApplicationSettings.model_fields:
                bounds = [float(rule.le) for rule in field.metadata if hasattr(rule, "le")]
                found[f"{model.model_config['env_prefix']}{name}".upper()] = min(bounds, default=float("inf"))
    return found


def test_every_number_has_an_upper_bound_that_can_be_reckoned_with() -> None:
    assert len(numbers()) >= 8
    sizes = {"LABKEEPER_LABOPS_MAX_IMPORT_BYTES": 1 << 40}
    assert {name: bound for name, bound in numbers().items() if bound > 10_000_000} == sizes


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e300", "1" + "0" * 400, "-1", "x", "99999999999999"])
@pytest.mark.parametrize("variable", numbers())
def test_a_number_out_of_bounds_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=f"^{variable}: "):
        load_settings()


@pytest.mark.parametrize("variable", numbers())
def test_the_largest_number_is_taken(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv(variable, f"{numbers()[variable]:.0f}")
    load_settings()


def test_every_part_of_the_settings_is_read_before_anything_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABKEEPER_OCS_URL", "ocs.example")
    with pytest.raises(ConfigurationError, match=r"^LABKEEPER_OCS_URL: must be an http"):
        load_settings()
    assert unknown_variables() == []


SECRET = "hunter2"
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("LABKEEPER_MONGODB_URI", f"postgres://u:{SECRET}@db", "must be mongodb://"),
        ("LABKEEPER_MONGODB_URI", f"u:{SECRET}@db", "must be mongodb://"),
        ("LABKEEPER_MONGODB_URI", "mongodb://", "must be mongodb://"),
        ("LABKEEPER_MONGODB_URI", f"mongodb://u:{SECRET}/@db", "percent-encoded"),
        ("LABKEEPER_MONGODB_URI", f"mongodb://u:12/{SECRET}@db", "percent-encoded"),
        ("LABKEEPER_MONGODB_URI", f"mongodb://u:@{SECRET}@db", "percent-encoded"),
        ("LABKEEPER_MONGODB_URI", "mongodb://db one", "must be mongodb://"),
        ("LABKEEPER_JWKS_URL", "login.example.org/keys", "must be an http:// or https:// URL"),
        ("LABKEEPER_JWKS_URL", "ftp://login.example.org/keys", "must be an http:// or https:// URL"),
        ("LABKEEPER_JWKS_URL", "https://login.example.org:99999/keys", "must be an http:// or https:// URL"),
        ("LABKEEPER_JWKS_URL", "https:///keys", "must be an http:// or https:// URL"),
        ("LABKEEPER_JWKS_URL", "https://login.example.org/ke ys", "must be an http:// or https:// URL"),
        ("LABKEEPER_JWKS_URL", f"https://me:{SECRET}@login.example.org/keys", "must not carry a user name or password"),
        ("LABKEEPER_JWKS_URL", "https://login.example.org/keys#1", "must not carry a fragment"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "must be an http:// or https:// URL"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://me:{SECRET}@collector:4318", "must not carry a user name or password"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://collector:4318?key={SECRET}", "must not carry a query"),
        ("LABKEEPER_CREDENTIALS_KEY", SECRET, "must be Fernet keys"),
        ("LABKEEPER_CREDENTIALS_KEY", f"{KEY},{SECRET}", "must be Fernet keys"),
        ("LABKEEPER_CREDENTIALS_KEY", f"{KEY},é{SECRET}", "must be Fernet keys"),
        ("LABKEEPER_CREDENTIALS_KEY", " , ", "must be Fernet keys"),
    ],
)
def test_a_wrong_address_or_key_is_refused_by_name_and_rule_and_never_quoted(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, rule: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    assert str(refused.value).startswith(f"{variable}: ")
    assert rule in str(refused.value)
    assert SECRET not in str(refused.value)
    assert SECRET not in str(refused.value.__context__)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LABKEEPER_MONGODB_URI", "mongodb://127.0.0.1:27017/?directConnection=true"),
        ("LABKEEPER_MONGODB_URI", "mongodb://u:p%40ss@a.example,b.example:27018,[::1]:1/admin?replicaSet=rs0"),
        ("LABKEEPER_MONGODB_URI", "mongodb+srv://u:p@cluster0.example.net/?retryWrites=true"),
        ("LABKEEPER_MONGODB_URI", "mongodb://%2Ftmp%2Fmongodb-27017.sock/labkeeper"),
        ("LABKEEPER_JWKS_URL", "https://login.example.org/keys?p=policy"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[::1]:4318/otlp"),
        ("LABKEEPER_CREDENTIALS_KEY", f"{KEY}, {KEY}"),
    ],
)
def test_a_good_address_or_key_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    settings = load_settings()
    assert value in (settings.mongodb_uri, settings.jwks_url, settings.otlp_endpoint, settings.credentials_key)


def test_a_kept_key_that_was_damaged_is_refused_by_its_file_and_never_quoted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("LABKEEPER_DATA_DIR", str(tmp_path))
    (tmp_path / CREDENTIALS_KEY_FILE).write_text(KEY[:20])
    with pytest.raises(SecretFileError) as refused:
        installation_secrets(load_settings())
    assert CREDENTIALS_KEY_FILE in str(refused.value)
    assert KEY[:20] not in str(refused.value)
