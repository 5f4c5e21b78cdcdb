from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from demo import certificates, resetting, running
from demo.errors import DemoError
from demo.settings import Settings


@pytest.fixture
def here(read: Callable[..., Settings]) -> Settings:
    """A demo that has been used."""
    here = read()
    certificates.ensure(here)
    (here.var / "portal.sqlite3").touch()
    (here.photos_var / "pictures").mkdir(parents=True)
    (here.playground_var).mkdir()
    return here


def test_the_data_is_forgotten_and_the_certificates_are_kept(here: Settings, said: list[str]) -> None:
    resetting.reset(here, said.append)

    assert sorted(path.name for path in here.var.iterdir()) == ["demo.lock", "tls"]
    assert said == [
        f"Removed from {here.var}: portal.sqlite3, photos, playground.",
        "The certificate authority is kept.",
    ]


def test_a_running_demo_is_left_alone(here: Settings, said: list[str]) -> None:
    with running.alone(here.var), pytest.raises(DemoError, match="The demo is running"):
        resetting.reset(here, said.append)

    assert (here.var / "portal.sqlite3").exists()


def test_what_was_put_elsewhere_is_left_alone(read: Callable[..., Settings], said: list[str]) -> None:
    here = read(APIM_DATABASE_URL="postgres://somewhere/mine")

    resetting.reset(here, said.append)

    assert said == [f"Nothing to remove in {here.var}.", "APIM_DATABASE_URL names a place of your own: left alone."]


def test_a_demo_that_has_ended_can_run_again(here: Settings) -> None:
    with running.alone(here.var):
        pass

    with running.alone(here.var):
        pass


def test_what_an_earlier_start_left_open_to_others_is_closed(here: Settings) -> None:
    here.logs.mkdir(parents=True)
    (here.var / "portal.sqlite3-wal").touch(mode=0o644)
    before = os.umask(0o022)

    running.keep_private(here.var, here.logs)

    os.umask(before)
    assert (here.var / "portal.sqlite3-wal").stat().st_mode & 0o777 == 0o600
    assert here.logs.stat().st_mode & 0o777 == 0o700
