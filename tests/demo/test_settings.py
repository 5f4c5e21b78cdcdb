from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from demo import settings
from demo.__main__ import main
from demo.errors import DemoError
from demo.parts import all_parts
from demo.settings import Settings


def test_by_default_everything_is_on_loopback_at_the_known_ports() -> None:
    here = settings.read({})

    assert [(door.part, door.address, door.port) for door in here.doors] == [
        ("portal", "127.0.0.1", 9443),
        ("gateway", "127.0.0.1", 8243),
        ("playground", "127.0.0.1", 8080),
        ("photos", "127.0.0.1", 8090),
    ]
    assert here.playground.url == "http://localhost:8080/playground2"


@pytest.mark.parametrize("value", ["0", "65536", "-1", "90.5", "portal", "٣"])
def test_a_port_that_is_none_is_named(value: str) -> None:
    with pytest.raises(DemoError, match=f"APIM_GATEWAY_PORT must be a port between 1 and 65535, not '{value}'"):
        settings.read({"APIM_GATEWAY_PORT": value})


@pytest.mark.parametrize("host", ["192.0.2.1", "0.0.0.0", "name.invalid", "a..b"])  # noqa: S104
def test_a_host_elsewhere_is_refused(host: str) -> None:
    with pytest.raises(DemoError, match=r"APIM_PORTAL_HOST: .* does not lead to this machine's loopback address"):
        settings.read({"APIM_PORTAL_HOST": host})


def test_the_portal_runs_in_demo_mode(read: Callable[..., Settings]) -> None:
    environment = settings.portal_environment(read(APIM_LOG_LEVEL="DEBUG"))

    assert environment["APIM_DEMO"] == "1"
    assert environment["APIM_LOG_LEVEL"] == "DEBUG"
    assert environment["DJANGO_SETTINGS_MODULE"] == "apimanager.settings"


def test_strangers_are_told_nothing_of_the_portals_settings(read: Callable[..., Settings]) -> None:
    here = read(APIM_SECRET_KEY="x" * 50, PLAYGROUND_TIMEOUT="3", DJANGO_SETTINGS_MODULE="elsewhere")

    for environment in (settings.playground_environment(here), settings.photos_environment(here)):
        assert not [name for name in environment if name.startswith("APIM_")]
        assert environment["PLAYGROUND_TIMEOUT"] == "3"
        assert environment["DJANGO_SETTINGS_MODULE"] in {"playground.settings", "photos.settings"}


def test_the_strangers_find_the_portal_where_it_is(read: Callable[..., Settings]) -> None:
    here = read(APIM_PORTAL_URL="https://portal.example")

    assert settings.playground_environment(here)["PLAYGROUND_TOKEN_ENDPOINT"] == "https://portal.example/oauth2/token"
    assert settings.photos_environment(here)["PHOTOS_JWKS_URL"] == "https://portal.example/oauth2/jwks"


def test_a_variable_of_theirs_that_is_set_is_kept(read: Callable[..., Settings], tmp_path: Path) -> None:
    here = read(PHOTOS_VAR=str(tmp_path / "mine"), PHOTOS_AUDIENCE="https://other.example")

    assert settings.photos_environment(here)["PHOTOS_VAR"] == str(tmp_path / "mine")
    assert settings.photos_environment(here)["PHOTOS_AUDIENCE"] == "https://other.example"


def test_beside_the_four_that_listen_one_keeps_one_delivers_and_one_counts(read: Callable[..., Settings]) -> None:
    names = [part.name for part in all_parts(read())]

    assert names == ["portal", "photos", "playground", "agent", "gateway", "outbox", "counter"]


def test_every_part_listens_on_loopback_only(read: Callable[..., Settings]) -> None:
    granian = [part.command for part in all_parts(read()) if "granian" in part.command]

    assert len(granian) == 3
    assert all("--host 127.0.0.1 " in command for command in granian)


@pytest.mark.parametrize("name", ["taken", "taken/below"])
def test_a_state_folder_that_cannot_be_is_one_sentence(
    tmp_path: Path,
    name: str,
    capsys: pytest.CaptureFixture[str],
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "taken").touch()
    for variable, value in (environ | {"APIM_VAR": str(tmp_path / name)}).items():
        monkeypatch.setenv(variable, value)

    assert main(["run"]) == 1

    assert capsys.readouterr().err.startswith(f"APIM_VAR: the folder {tmp_path / name} cannot be used: ")
