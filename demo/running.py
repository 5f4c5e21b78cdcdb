"""One demo at a time on one state folder: a lock that the system lets go of when the last process has ended. What is in
that folder is for nobody else on the machine."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.errors import DemoError


@contextmanager
def alone(var: Path) -> Iterator[None]:
    """Raises DemoError while another demo runs on the same state."""
    try:
        var.mkdir(parents=True, exist_ok=True)
        lock = (var / "demo.lock").open("w")
    except OSError as error:
        raise DemoError(f"APIM_VAR: the folder {var} cannot be used: {error.strerror}.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sentence = f"The demo is running with its state in {var}."
            raise DemoError(f"{sentence} Stop it first, or set APIM_VAR to another folder.") from None
        yield


def keep_private(var: Path, logs: Path) -> None:
    """The database holds sessions, the logs hold mails with links that set passwords; an earlier start's, too."""
    os.umask(0o077)
    logs.mkdir(exist_ok=True)
    logs.chmod(0o700)
    for file in var.glob("portal.sqlite3*"):
        file.chmod(0o600)
