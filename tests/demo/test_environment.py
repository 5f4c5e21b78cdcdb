from __future__ import annotations

import ast
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

import pytest

from demo import environment
from tests.demo.conftest import ROOT

EMPTY = "# nothing to install\n"


class Place(NamedTuple):
    folder: Path
    lock: Path
    stamp: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that was left half made, and then made again: the slow part, done once."""
    folder = tmp_path_factory.mktemp("made")
    venv.create(folder / ".venv", with_pip=False)
    (folder / "some.lock").write_text(EMPTY)
    with pytest.MonkeyPatch.context() as monkeypatch:
        settle(folder, monkeypatch)
        environment.main(["some.lock"])
    return folder


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    folder = tmp_path / "place"
    folder.mkdir()
    # As links: nothing writes into a file that is there, and there are a thousand.
    shutil.copytree(made / ".venv", folder / ".venv", symlinks=True, copy_function=os.link)
    shutil.copyfile(made / "some.lock", folder / "some.lock")
    settle(folder, monkeypatch)
    return Place(folder, folder / "some.lock", folder / ".venv/some.lock.sha256")


def settle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "ROOT", folder)
    monkeypatch.setattr(environment, "VENV", folder / ".venv")
    monkeypatch.setattr(environment, "PYTHON", folder / ".venv/bin/python")


def test_an_environment_that_was_left_half_made_is_made_again(place: Place) -> None:
    assert (place.folder / ".venv/bin/pip").exists()


def test_the_lock_file_that_was_installed_is_noted(place: Place) -> None:
    assert place.stamp.read_text() == hashlib.sha256(EMPTY.encode()).hexdigest()


def test_a_second_time_does_nothing(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    environment.main(["some.lock"])

    assert capfd.readouterr().out == ""


def test_a_changed_lock_file_is_installed(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    place.lock.write_text("# other\n")

    environment.main(["some.lock"])

    assert "Installing some.lock into .venv" in capfd.readouterr().out


def test_an_interrupted_installation_is_repeated(place: Place) -> None:
    place.lock.write_text("no-such-package==1 --hash=sha256:00\n")
    with pytest.raises(subprocess.CalledProcessError):
        environment.main(["some.lock"])
    assert not place.stamp.exists()
    place.lock.write_text(EMPTY)

    environment.main(["some.lock"])

    assert place.stamp.exists()


def test_a_requirement_without_a_hash_is_refused(place: Place) -> None:
    place.lock.write_text("honcho==2.0.0\n")

    with pytest.raises(subprocess.CalledProcessError):
        environment.main(["some.lock"])


def test_an_old_python_can_read_the_sentence_that_refuses_it() -> None:
    """It is run by whatever python3 there is, so it may use nothing that came after Python 3.7."""
    for name in ("environment.py", "__init__.py"):
        ast.parse((ROOT / "demo" / name).read_text(), feature_version=(3, 7))


def test_an_old_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))

    with pytest.raises(SystemExit, match=r"Python 3\.11 or newer is needed, and .* is 3\.10\."):
        environment.refuse_old_python()


def test_a_python_without_venv_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(SystemExit, match="apt install python3-venv"):
        environment.refuse_old_python()
