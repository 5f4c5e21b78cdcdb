"""Finds a Chromium or Chrome for the browser walk, or gets one: `python -m demo.browser` prints where it is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from demo.errors import DemoError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ADVICE = "Install Chromium or Google Chrome (Debian: apt install chromium), or set CHROME=/path/to/chrome."


def main() -> str:
    """The path of a browser. Raises DemoError when there is none and none could be installed."""
    if wanted := os.environ.get("CHROME"):
        if found := shutil.which(wanted):
            return found
        raise DemoError(f"CHROME={wanted} is not a program that can be started. {ADVICE}")
    if found := installed():
        return found
    tell("There is no Chromium or Chrome here: installing one ...")
    if is_debian() and os.geteuid() == 0:
        install_package()
    else:
        download()
    if found := installed():
        return found
    raise DemoError(f"The browser walk needs a browser, and none could be installed. {ADVICE}")


def installed() -> str | None:
    candidates = [shutil.which(name) for name in (*NAMES, *MACOS)]
    return next((path for path in candidates if path), downloaded())


def downloaded() -> str | None:
    """The browser tool's own Chromium, when it has downloaded one."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def is_debian() -> bool:
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def install_package() -> None:
    """Chromium, and the program with which `make trust` reaches its certificate store."""
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update"], ["install", "--yes", "--no-install-recommends", "chromium", "libnss3-tools"]):
        attempt(["apt-get", *words], quiet)


def download() -> None:
    attempt([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ))


def attempt(command: list[str], environment: dict[str, str]) -> None:
    """Its progress goes to standard error: standard output is for the path."""
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False)
    if done.returncode != 0:
        raise DemoError(f"`{' '.join(command)}` failed with exit code {done.returncode}. {ADVICE}")


def tell(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        print(main())
    except DemoError as error:
        sys.exit(str(error))
