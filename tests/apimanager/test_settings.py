"""Settings, read anew; a start is one of a process of its own."""

from __future__ import annotations

import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured

from accounts.models import User
from apimanager import elsewhere, environment
from tests import migrated

ROOT = Path(__file__).resolve().parents[2]
GOOD_KEY = "k" * 60


def start(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("APIM_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "-c", "from apimanager.wsgi import application"],
        cwd=ROOT,
        env=kept | {"APIM_VAR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def read(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> dict[str, Any]:
    for name in os.environ:
        if name.startswith(("APIM_", "DJANGO_")):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return runpy.run_path(str(ROOT / "apimanager" / "settings.py"))


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "Set APIM_SECRET_KEY to a long random text"),
        ({"APIM_SECRET_KEY": "short"}, "too short"),
        ({"APIM_SECRET_KEY": GOOD_KEY, "APIM_DEBUG": "1"}, "refused outside demo mode"),
        ({"APIM_DEMO": "perhaps"}, "APIM_DEMO must be 1 or 0"),
        ({"APIM_DEMO": "1", "APIM_PORTAL_PORT": "http"}, "APIM_PORTAL_PORT must be a whole number"),
        ({"APIM_DEMO": "1", "APIM_PORTAL_PORT": "70000"}, "must be a port between 1 and 65535"),
        ({"APIM_DEMO": "1", "APIM_RATELIMIT_SERVICE": "redis"}, "APIM_RATELIMIT_SERVICE must be an address such as"),
        ({"APIM_DEMO": "1", "APIM_SIGNING_KEY_LEAD": "59"}, "APIM_SIGNING_KEY_LEAD must be at least 60 seconds"),
        ({"APIM_DEMO": "1", "APIM_SIGNING_KEY_LIFETIME": "60"}, "APIM_SIGNING_KEY_LIFETIME longer than it"),
        ({"APIM_DEMO": "1", "APIM_DATABASE_URL": "bogus://x"}, "APIM_DATABASE_URL must be like postgres://"),
        ({"APIM_DEMO": "1", "APIM_DATABASE_URL": "mysql://u:hush@h/n"}, "APIM_DATABASE_URL must be like postgres://"),
        ({"APIM_DEMO": "1", "APIM_DATABASE_URL": "postgres://h:port/n"}, "APIM_DATABASE_URL must be like postgres://"),
        ({"APIM_DEMO": "1", "APIM_REDIS_URL": "localhost"}, "APIM_REDIS_URL must be like redis://"),
        ({"APIM_DEMO": "1", "APIM_REDIS_URL": "redis://:hush@h:port/0"}, "APIM_REDIS_URL must be like redis://"),
        ({"APIM_DEMO": "1", "APIM_DATABASE_URL": "postgres://u:hush@h"}, "APIM_DATABASE_URL must be like postgres://"),
        ({"APIM_DEMO": "1", "APIM_PORTAL_HOST": "https://portal"}, "APIM_PORTAL_HOST must be a host such as"),
        ({"APIM_DEMO": "1", "APIM_GATEWAY_HOST": "gateway:443"}, "APIM_GATEWAY_HOST must be a host such as"),
        ({"APIM_DEMO": "1", "APIM_GATEWAY_PORTALS": "https://one two"}, "APIM_GATEWAY_PORTALS must be an http"),
        ({"APIM_DEMO": "1", "APIM_CLIENT_CA_FILE": "/nowhere"}, "APIM_CLIENT_CA_FILE names no file"),
        ({"APIM_DEMO": "1", "APIM_AUTHENTICATION_CA_FILE": "/nowhere"}, "APIM_AUTHENTICATION_CA_FILE names no file"),
        ({"APIM_DEMO": "1", "APIM_PORTAL_URL": "portal"}, "APIM_PORTAL_URL must be an http or https address"),
        ({"APIM_DEMO": "1", "APIM_GATEWAY_URL": "https://g:x"}, "APIM_GATEWAY_URL must be an http or https address"),
        ({"APIM_DEMO": "1", "APIM_LOG_LEVEL": "LOUD"}, "APIM_LOG_LEVEL must be one of"),
        ({"APIM_DEMO": "1", "APIM_SQLITE_TIMEOUT": "-1"}, "APIM_SQLITE_TIMEOUT must be at least 0, not -1"),
        ({"APIM_DEMO": "1", "APIM_TRUSTED_PROXIES": "-1"}, "APIM_TRUSTED_PROXIES must be at least 0, not -1"),
        ({"APIM_DEMO": "1", "APIM_GATEWAY_AGENT_PORT": "99999"}, "APIM_GATEWAY_AGENT_PORT must be 0 or a port"),
        ({"APIM_DEMO": "1", "APIM_GATEWAY_BACKEND_TIMEOUT": "0"}, "APIM_GATEWAY_BACKEND_TIMEOUT must be at least 1"),
    ],
)
def test_a_setting_that_must_not_be_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=re.escape(sentence)) as told:
        read(monkeypatch, {"APIM_VAR": str(tmp_path)} | environment)

    assert "\n" not in str(told.value)
    assert "hush" not in str(told.value)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"APIM_SECRET_KEY": "short"}, "too short"),
        ({"APIM_DEMO": "1", "APIM_KEY_MANAGER": "nowhere.Manager"}, "APIM_KEY_MANAGER names no class"),
    ],
)
def test_a_setting_that_must_not_be_stops_the_start(tmp_path: Path, environment: dict[str, str], sentence: str) -> None:
    started = start(tmp_path, **environment)

    assert started.returncode == 1
    assert sentence in started.stderr
    assert len(started.stderr.splitlines()) == 1


def test_a_command_says_it_in_one_line_too(tmp_path: Path) -> None:
    refused = manage(tmp_path, "check", APIM_DEMO="perhaps")

    assert refused.returncode == 1
    assert refused.stderr == "APIM_DEMO must be 1 or 0, not 'perhaps'.\n"
    assert "Traceback" in manage(tmp_path, "check", "--traceback", APIM_DEMO="perhaps").stderr


@pytest.mark.parametrize(
    "written",
    [
        "redis://h",
        "redis://h:6379/0",
        "rediss://u:p%40@h:1/",
        "redis://[::1]:6379/2?timeout=1",
        "unix:///run/redis.sock",
    ],
)
def test_an_address_of_redis_is_taken(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("APIM_REDIS_URL", written)

    assert environment.redis("APIM_REDIS_URL") == written


@pytest.mark.parametrize("written", ["api.example.com", "127.0.0.1", "[::1]", "portal_1", "xn--bcher-kva.example"])
def test_a_host_is_taken(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.setenv("APIM_PORTAL_HOST", written)

    assert environment.host("APIM_PORTAL_HOST", "localhost") == written


AWAY = {"APIM_SECRET_KEY": GOOD_KEY, "APIM_DATABASE_URL": "postgres://portal:hush@127.0.0.1:1/portal"}


def test_a_database_that_is_away_is_told_in_one_line(tmp_path: Path) -> None:
    for refused in (start(tmp_path, **AWAY), manage(tmp_path, "clear_expired", **AWAY)):
        assert refused.returncode == 1
        assert refused.stderr.startswith("The database cannot be used: connection failed: ")
        assert len(refused.stderr.splitlines()) == 1
        assert "hush" not in refused.stderr


def test_a_database_without_tables_is_told_in_one_line(tmp_path: Path) -> None:
    refused = manage(tmp_path, "shut_out", "bob", APIM_SECRET_KEY=GOOD_KEY)

    assert (refused.returncode, refused.stderr) == (1, "The database cannot be used: no such table: accounts_user\n")


def test_a_state_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()

    refused = manage(tmp_path / "taken", "show_gateway_proof", APIM_SECRET_KEY=GOOD_KEY)

    assert refused.returncode == 1
    assert refused.stderr.endswith(f"'{tmp_path}/taken/gateway'\n")
    assert len(refused.stderr.splitlines()) == 1


@pytest.mark.parametrize(("query", "seconds"), [("", "3"), ("?connect_timeout=7", "7")])
def test_a_database_that_says_nothing_is_waited_for_as_long_as_its_address_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, query: str, seconds: str
) -> None:
    told = {"APIM_VAR": str(tmp_path)} | AWAY | {"APIM_DATABASE_URL": AWAY["APIM_DATABASE_URL"] + query}

    options = read(monkeypatch, told)["DATABASES"]["default"]["OPTIONS"]

    assert str(options["connect_timeout"]) == seconds
    assert options["tcp_user_timeout"] == 5000


def test_an_empty_address_is_one_that_is_not_set(tmp_path: Path) -> None:
    started = start(tmp_path, APIM_DEMO="1", APIM_PORTAL_URL="", APIM_PORTAL_HOST="", APIM_DATABASE_URL="")

    assert started.returncode == 0, started.stderr


@pytest.mark.parametrize(("port", "issuer"), [("443", "https://api.example"), ("9443", "https://api.example:9443")])
def test_issuer_is_written_as_clients_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, port: str, issuer: str
) -> None:
    door = {"APIM_PORTAL_HOST": "api.example", "APIM_PORTAL_PORT": port}

    settings = read(monkeypatch, {"APIM_VAR": str(tmp_path), "APIM_SECRET_KEY": GOOD_KEY} | door)

    assert settings["ISSUER"] == issuer


OTHER = "https://login.example/oauth2/authorize"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"ENDPOINT_URL": OTHER}, "set APIM_AUTHENTICATION_CLIENT_ID and APIM_AUTHENTICATION_CLIENT_SECRET"),
        ({"ISSUER": "https://login.example", "CLIENT_ID": "x"}, "set APIM_AUTHENTICATION_CLIENT_ID and"),
        ({"CLIENT_ID": "x", "CLIENT_SECRET": "y"}, "need the server they are for"),
        ({"ENDPOINT_URL": "http://login.example/a", "CLIENT_ID": "x"}, "must be an https address"),
        ({"ISSUER": "login.example", "CLIENT_ID": "x"}, "APIM_AUTHENTICATION_ISSUER must be an https address"),
        ({"ISSUER": "https://[", "CLIENT_ID": "x"}, "is no address"),
        ({"ISSUER": "https://localhost:9443", "CLIENT_ID": "x"}, "need the server they are for"),
    ],
)
def test_a_sign_in_elsewhere_is_configured_whole(wrong: dict[str, str], sentence: str) -> None:
    names = ("ENDPOINT_URL", "ISSUER", "CLIENT_ID", "CLIENT_SECRET")
    endpoint, issuer, client_id, client_secret = (wrong.get(name, "") for name in names)

    with pytest.raises(ImproperlyConfigured, match=sentence):
        elsewhere.is_configured(
            endpoint=endpoint or "/oauth2/account/login/",
            issuer=issuer,
            client_id=client_id,
            client_secret=client_secret,
            portal_url="https://localhost:9443",
        )


def test_a_real_installation_starts(tmp_path: Path) -> None:
    started = start(tmp_path, APIM_SECRET_KEY=GOOD_KEY)

    assert started.returncode == 0, started.stderr


def test_the_database_of_a_new_installation_is_for_its_user_alone(tmp_path: Path) -> None:
    manage(tmp_path, "check", "--database", "default", APIM_SECRET_KEY=GOOD_KEY)

    assert (tmp_path / "portal.sqlite3").stat().st_mode & 0o777 == 0o600


def manage(tmp_path: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("APIM_", "DJANGO_"))}
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=kept | {"APIM_VAR": str(tmp_path)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_demo_account_stops_the_start_outside_demo_mode(
    tmp_path: Path, migrated_file: Path, django_db_blocker: Any
) -> None:
    shutil.copyfile(migrated_file, tmp_path / "portal.sqlite3")
    with django_db_blocker.unblock(), migrated.connected_to(tmp_path / "portal.sqlite3"):
        User.objects.create_user("alice", is_demo=True)

    started = start(tmp_path, APIM_SECRET_KEY=GOOD_KEY)

    assert started.returncode != 0
    assert "demo accounts (alice)" in started.stderr
    assert start(tmp_path, APIM_DEMO="1").returncode == 0


def test_the_deployment_checks_are_silent(tmp_path: Path) -> None:
    checked = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING", APIM_SECRET_KEY=GOOD_KEY + "0aB!$ %cdEf")

    assert checked.returncode == 0, checked.stderr
    assert "no issues (0 silenced)" in checked.stdout + checked.stderr


def test_every_model_of_the_toolkit_is_ours_so_its_migrations_are_left_out() -> None:
    theirs = apps.get_app_config("oauth2_provider").get_models(include_swapped=True)

    assert [model.__name__ for model in theirs if not str(model._meta.swapped).startswith("keymanager.")] == []
