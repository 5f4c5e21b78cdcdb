from __future__ import annotations

from pathlib import Path

import pytest

from demo import browser
from demo.errors import DemoError


def provide(folder: Path, name: str) -> str:
    (folder / name).write_text("#!/bin/sh\n")
    (folder / name).chmod(0o755)
    return str(folder / name)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder in which programs are found, and no browser of the browser tool."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROME", raising=False)
    monkeypatch.setattr(browser, "MACOS", ())
    monkeypatch.setattr(browser, "downloaded", lambda: None)
    return tmp_path


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_an_installed_browser_is_found(programs: Path, name: str) -> None:
    path = provide(programs, name)

    assert browser.main() == path


def test_the_one_in_the_environment_is_taken_first(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provide(programs, "chromium")
    monkeypatch.setenv("CHROME", provide(programs, "my-chrome"))

    assert browser.main() == str(programs / "my-chrome")


@pytest.mark.usefixtures("programs")
def test_a_wrong_one_in_the_environment_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHROME", "/no/such/chrome")

    with pytest.raises(DemoError, match="CHROME=/no/such/chrome is not a program that can be started"):
        browser.main()


def test_a_failed_installation_says_what_to_install(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    provide(programs, "apt-get")
    (programs / "apt-get").write_text("#!/bin/sh\nexit 100\n")
    monkeypatch.setattr("os.geteuid", lambda: 0)

    with pytest.raises(
        DemoError, match=r"`apt-get update` failed with exit code 100\. Install Chromium or Google Chrome"
    ):
        browser.main()
