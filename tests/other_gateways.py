"""The gateways that docs/gateways has a file for, started with that file; and how the test command gets them.

`python -m tests.other_gateways` installs what is missing, on Debian as root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

# Debian's packages; the others cannot be had as such.
PACKAGES = ("nginx", "haproxy", "caddy")
POLICY = Path("/usr/sbin/policy-rc.d")
DOCUMENTS = Path(__file__).resolve().parents[1] / "docs/gateways"


class Recipe(NamedTuple):
    """`command`: as the file says it is started, with its folder as {0}."""

    files: tuple[str, ...]
    command: tuple[str, ...]


RECIPES = {
    "nginx": Recipe(("nginx.conf",), ("nginx", "-p", "{0}", "-c", "{0}/nginx.conf")),
    "haproxy": Recipe(("haproxy.cfg", "haproxy-check.lua"), ("haproxy", "-db", "-f", "{0}/haproxy.cfg")),
    "caddy": Recipe(("Caddyfile",), ("caddy", "run", "--config", "{0}/Caddyfile", "--adapter", "caddyfile")),
    "traefik": Recipe(("traefik.yml", "traefik-dynamic.yml"), ("traefik", "--configFile={0}/traefik.yml")),
}


def is_installed(name: str) -> bool:
    return program(name) is not None


def program(name: str) -> str | None:
    """Debian keeps servers where only root's PATH looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def write(name: str, folder: Path, changes: dict[str, str]) -> list[str]:
    """The recipe's files in `folder`, with other addresses than they have; returns the command."""
    folder.mkdir()
    for file in RECIPES[name].files:
        text = (DOCUMENTS / file).read_text()
        for old, new in changes.items():
            text = text.replace(old, new)
        (folder / file).write_text(text)
    command = [word.format(folder) for word in RECIPES[name].command]
    return [str(program(name)), *command[1:]]


def install() -> None:
    """Says what it does, and what stays away: its tests are skipped then."""
    missing = [name for name in PACKAGES if not is_installed(name)]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"Not here, so not tested: {', '.join(missing)} (Debian: apt install {' '.join(missing)})", flush=True)
        return
    print(f"Installing {', '.join(missing)} ...", flush=True)
    with nothing_started():
        run("update")
        for name in missing:
            if not run("install", "--yes", "--no-install-recommends", name):
                print(f"{name} could not be installed, so it is not tested.", flush=True)


@contextmanager
def nothing_started() -> Iterator[None]:
    """Debian starts a server as soon as it is installed, and on every interface, unless this file says no."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()


def run(*words: str) -> bool:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "--quiet=2", *words], env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0


if __name__ == "__main__":
    install()
