"""One demo at a time on one state folder: a lock that the system lets go of when the last process has ended."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.errors import DemoError


@contextmanager
def alone(var: Path) -> Iterator[None]:
    """Raises DemoError while another demo runs on the same state."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "demo.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sentence = f"The demo is running with its state in {var}."
            raise DemoError(f"{sentence} Stop it first, or set APIM_VAR to another folder.") from None
        yield
