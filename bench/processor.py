"""Processor time as /proc counts it (proc(5)), and which core a process keeps to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds


def seconds_of(sessions: list[int], trees: list[int]) -> float:
    """What these sessions' processes have used, and these processes with their children, living or ended."""
    used = 0
    for pid, parent, session, ticks, of_ended in processes():
        if session in sessions or parent in trees:
            used += ticks
        elif pid in trees:
            used += ticks + of_ended
    return used * TICK


def processes() -> Iterator[tuple[int, int, int, int, int]]:
    """pid, parent, session, ticks used, ticks that its ended children used."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            # The name comes in parentheses and may hold anything.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield (
            int(folder.name),
            int(fields[1]),
            int(fields[3]),
            int(fields[11]) + int(fields[12]),
            int(fields[13]) + int(fields[14]),
        )


def cores() -> tuple[set[int], set[int]]:
    """The one for servers and databases, and the one for the load; the same where there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return {usable[0]}, {usable[-1]}
