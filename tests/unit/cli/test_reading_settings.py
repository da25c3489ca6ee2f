"""Settings from the environment, and what people read when they are wrong."""

import pytest

from cli.configuration import load_settings, unknown_variables
from cli.errors import ConfigurationError


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
