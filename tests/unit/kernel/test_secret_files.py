"""Secrets made once, kept in a file."""

import secrets
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from integration.secret_files import SecretFileError, read_or_make_secret


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_made_once_and_read_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "jwt-secret"
    first = read_or_make_secret(path, secrets.token_hex)
    assert read_or_make_secret(path, secrets.token_hex) == first


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "jwt-secret"
    read_or_make_secret(path, lambda: "s3cret")
    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700


def test_a_file_open_to_others_is_closed_to_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "jwt-secret"
    path.write_text("s3cret\n")
    path.chmod(0o644)
    assert read_or_make_secret(path, secrets.token_hex) == "s3cret"
    assert mode_of(path) == 0o600
    assert "could be read by other users" in caplog.text
    assert "s3cret" not in caplog.text


def test_those_who_start_together_get_the_same_secret(tmp_path: Path) -> None:
    start = Barrier(16)

    def read(_: int) -> str:
        start.wait()
        return read_or_make_secret(tmp_path / "jwt-secret", secrets.token_hex)

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(read, range(16)))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["jwt-secret"]


def test_an_empty_file_is_named_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "jwt-secret"
    path.touch(mode=0o600)
    with pytest.raises(SecretFileError, match="jwt-secret is empty"):
        read_or_make_secret(path, secrets.token_hex)
    assert path.read_text() == ""
