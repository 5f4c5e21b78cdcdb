"""`python -m demo reset`: forgets the demo's data, keeps the certificates that a browser may trust by now."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from demo.running import alone
from demo.settings import Settings

FORGOTTEN = (
    "demo",
    "portal.sqlite3",
    "portal.sqlite3-wal",
    "portal.sqlite3-shm",
    "photos",
    "playground",
    "gateway",
    "log",
)
ELSEWHERE = ("APIM_DATABASE_URL", "PHOTOS_VAR", "PLAYGROUND_VAR")


def reset(settings: Settings, say: Callable[[str], None]) -> None:
    """Raises DemoError while the demo runs. What was put elsewhere by a setting is named and left alone."""
    with alone(settings.var):
        removed = [name for name in FORGOTTEN if remove(settings.var / name)]
    say(f"Removed from {settings.var}: {', '.join(removed)}." if removed else f"Nothing to remove in {settings.var}.")
    for variable in ELSEWHERE:
        if variable in settings.environ:
            say(f"{variable} names a place of your own: left alone.")
    if (settings.tls / "ca.pem").exists():
        say("The certificate authority is kept.")


def remove(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.exists() or path.is_symlink():
        path.unlink()
    else:
        return False
    return True
