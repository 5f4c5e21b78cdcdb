"""Answers on disk: replaced in one step, for their owner only, and believed only while their checksum is right."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import re
import tempfile
from pathlib import Path

log = logging.getLogger(__name__)

SCRATCH = ".new-"
LONGEST_HEADER = 1000


class Kept:
    """One file: a line with version and checksum, then the answer as the portal gave it."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / re.sub(r"[^A-Za-z0-9._-]", "_", name)

    def save(self, version: str, content: bytes) -> None:
        """Whole and on the disk when it returns. OSError: nothing has changed."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        header = {"version": version, "sha256": hashlib.sha256(content).hexdigest()}
        descriptor, scratch = tempfile.mkstemp(dir=self.path.parent, prefix=SCRATCH)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(json.dumps(header).encode() + b"\n")
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, self.path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(scratch)
            raise
        settle(self.path.parent)

    def load(self) -> tuple[str, bytes] | None:
        """Version and content; None, with a line in the log, for what is not as it was written."""
        try:
            with self.path.open("rb") as file:
                header = json.loads(file.readline(LONGEST_HEADER))
                content = file.read()
            if header["sha256"] != hashlib.sha256(content).hexdigest():
                raise ValueError("the checksum is wrong")
            return str(header["version"]), content
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.error("The state in %s is ignored: %s.", self.path, error)
            return None

    def move(self, to: Kept) -> None:
        os.replace(self.path, to.path)
        settle(self.path.parent)


def settle(folder: Path) -> None:
    """A name in a folder is on the disk when the folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def tidy(state: Path) -> None:
    """Removes what an agent that was killed had begun to write."""
    for scratch in state.rglob(f"{SCRATCH}*"):
        scratch.unlink(missing_ok=True)
