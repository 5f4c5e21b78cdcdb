"""The call log of one Envoy: which file is read next, whole lines of it, and its rotation.

Envoy appends to `<node>.log`. When that has grown large it becomes `<node>.log.1` and Envoy is asked to open the log
anew. Envoy closes the old file before it makes the new one: once there is a new one, the old one is whole, and goes
when the first piece of the new one is counted.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from store.usage import Place

# What is read and counted at once; a line that is longer tells nothing.
PIECE = 4 * 1024 * 1024
LARGE = 64 * 1024 * 1024
DIGEST_BYTES = 16
LONGEST_LINE = 64 * 1024


class Read(NamedTuple):
    """`lines` end where `after` is; `behind`: bytes that still wait."""

    lines: list[bytes]
    before: Place
    after: Place
    behind: int


def path(node: str) -> Path:
    return Path(settings.GATEWAY_STATE) / "calls" / f"{re.sub(r'[^A-Za-z0-9._-]', '_', node)}.log"


def rotated(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")


def mark(file: Path) -> str:
    """What a file is known by, wherever it lies: the checksum of its first line. Empty: it has no whole line yet."""
    try:
        with file.open("rb") as opened:
            line = opened.readline(LONGEST_LINE)
    except FileNotFoundError:
        return ""
    whole = line.endswith(b"\n") or len(line) == LONGEST_LINE
    return hashlib.blake2b(line, digest_size=DIGEST_BYTES).hexdigest() if whole else ""


def read(log: Path, at: Place) -> Read:
    """The next piece. No lines: nothing new."""
    old, new = mark(rotated(log)), mark(log)
    if new and at.file == new:
        rotated(log).unlink(missing_ok=True)
        return piece(log, at, at, 0)
    if old:
        waiting = size(log)
        start = at if at.file == old else Place(old, 0)
        found = piece(rotated(log), at, start, waiting)
        if found.lines or not new:
            return found
    return piece(log, at, Place(new, 0), 0) if new else Read([], at, at, 0)


def piece(file: Path, before: Place, start: Place, waiting: int) -> Read:
    with file.open("rb") as opened:
        opened.seek(start.offset)
        content = opened.read(PIECE)
    whole = len(content) if len(content) == PIECE and b"\n" not in content else content.rfind(b"\n") + 1
    lines = content[:whole].splitlines()
    if not lines:
        return Read([], before, before, waiting)
    after = Place(start.file, start.offset + whole)
    return Read(lines, before, after, size(file) - after.offset + waiting)


def size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def is_large(log: Path) -> bool:
    return size(log) > LARGE and not rotated(log).exists()


def set_aside(log: Path) -> None:
    log.rename(rotated(log))


def is_aside(log: Path) -> bool:
    """Envoy has not made a new file yet."""
    return rotated(log).exists() and not log.exists()
