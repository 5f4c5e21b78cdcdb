"""Programs that the tests start and that Debian has as packages; how the test command gets them.

`python -m tests.debian` installs what is missing, on Debian as root.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

# Each has a program of the same name: gateways of others, what several Envoys share limits by, another clock.
PACKAGES = ("nginx", "haproxy", "caddy", "redis-server", "faketime")
POLICY = Path("/usr/sbin/policy-rc.d")


def is_installed(name: str) -> bool:
    return program(name) is not None


def program(name: str) -> str | None:
    """Debian keeps servers where only root's PATH looks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str] = PACKAGES) -> None:
    """Says what it does, and what stays away: its tests are skipped then."""
    missing = [name for name in packages if not is_installed(name)]
    if not missing:
        return
    if not may_install():
        print(f"Not here, so not tested: {', '.join(missing)} (Debian: apt install {' '.join(missing)})", flush=True)
        return
    print(f"Installing {', '.join(missing)} ...", flush=True)
    with nothing_started():
        apt("update")
        for name in missing:
            if not get(name):
                print(f"{name} could not be installed, so it is not tested.", flush=True)


def get(package: str) -> bool:
    return apt("install", "--yes", "--no-install-recommends", package)


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


def apt(*words: str) -> bool:
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "UCF_FORCE_CONFFOLD": "1"}
    done = subprocess.run(
        ["apt-get", "--quiet=2", *words], env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0


if __name__ == "__main__":
    install()
