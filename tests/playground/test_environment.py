"""The environment is understood or refused, never guessed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from playground import environment


@pytest.mark.parametrize(
    "value", ["", "localhost:9443", "ftp://localhost", "https://", "https://h:99999", "http://h/?a=b"]
)
def test_ill_formed_address_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PLAYGROUND_ISSUER", value)

    with pytest.raises(ImproperlyConfigured, match="PLAYGROUND_ISSUER must be an http or https address"):
        environment.url("PLAYGROUND_ISSUER", "https://localhost:9443")


def test_trailing_slash_of_an_address_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYGROUND_ISSUER", "https://localhost:9443/")

    assert environment.url("PLAYGROUND_ISSUER", "") == "https://localhost:9443"


@pytest.mark.parametrize("value", ["soon", "0", "-1", "1e9", "nan"])
def test_ill_formed_time_span_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("PLAYGROUND_TIMEOUT", value)

    with pytest.raises(ImproperlyConfigured, match="PLAYGROUND_TIMEOUT must be a number of seconds"):
        environment.seconds("PLAYGROUND_TIMEOUT", 10)


def test_short_signing_key_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PLAYGROUND_SECRET_KEY", "short")

    with pytest.raises(ImproperlyConfigured, match="at least 32 characters"):
        environment.secret("PLAYGROUND_SECRET_KEY", kept_in=tmp_path / "key")


def test_signing_key_is_made_once_and_kept_private(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PLAYGROUND_SECRET_KEY", raising=False)

    first, second = (environment.secret("PLAYGROUND_SECRET_KEY", kept_in=tmp_path / "key") for _ in range(2))
    assert first == second
    assert len(first) >= 48
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_folder_that_cannot_be_made_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PLAYGROUND_VAR", str(tmp_path / "file" / "below"))

    with pytest.raises(ImproperlyConfigured, match="PLAYGROUND_VAR: the folder"):
        environment.folder("PLAYGROUND_VAR", tmp_path)


def _manage(tmp_path: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PLAYGROUND_VAR": str(tmp_path / "var"), "DJANGO_SETTINGS_MODULE": "other.settings"} | variables
    return subprocess.run(
        [sys.executable, "-m", "playground", *words], env=env, capture_output=True, text=True, check=False
    )


def test_migrate_makes_a_private_database(tmp_path: Path) -> None:
    done = _manage(tmp_path, "migrate", "--verbosity", "0")

    assert (done.returncode, done.stderr) == (0, "")
    assert stat.S_IMODE((tmp_path / "var").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "var" / "playground.sqlite3").stat().st_mode) == 0o600


def test_address_elsewhere_than_playground2_is_refused(tmp_path: Path) -> None:
    done = _manage(tmp_path, "check", PLAYGROUND_URL="http://localhost:8080/other")

    assert done.returncode != 0
    assert "PLAYGROUND_URL must end in /playground2" in done.stderr
