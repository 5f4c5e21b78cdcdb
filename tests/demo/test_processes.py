"""Real processes that have children of their own, ended by real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.demo.conftest import ROOT

# Each leaves the number of a grandchild in a file.
PARENT = "sleep 600 & echo $! > parent; echo hello; wait"
STUBBORN = "trap '' TERM INT; sleep 600 & echo $! > stubborn; while true; do sleep 1; done"
CARELESS = "sleep 600 >/dev/null 2>&1 & echo $! > careless; exec sleep 600"

Started = subprocess.Popen[str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Started]]:
    running: list[Started] = []

    def started(grace: float = 1, **commands: str) -> Started:
        words = [f"{name}={command}" for name, command in commands.items()]
        command = [sys.executable, "-m", "tests.demo.three_parts", str(tmp_path), str(grace), *words]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield started
    for process in running:
        process.kill()
        if process.stdout and not process.stdout.closed:
            process.communicate()


def wait_for(process: Started, folder: Path, *names: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"
    deadline = time.monotonic() + 10
    while not all((folder / name).exists() and (folder / name).read_text().strip() for name in names):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def lives(folder: Path, name: str) -> bool:
    """A zombie that nobody has collected yet does not live."""
    number = int((folder / name).read_text())
    try:
        os.kill(number, 0)
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except FileNotFoundError:
        return not Path("/proc/self").exists()  # no /proc (macOS), or it ended just now


def is_gone(folder: Path, name: str) -> bool:
    """Who is killed ends when its turn comes at the processor."""
    deadline = time.monotonic() + 10
    while lives(folder, name) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not lives(folder, name)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_children_and_grandchildren(start: Callable[..., Started], tmp_path: Path, number: int) -> None:
    process = start(one=PARENT, two=CARELESS)
    wait_for(process, tmp_path, "parent", "careless")

    process.send_signal(number)
    output, _ = process.communicate(timeout=30)

    assert output == "asked=True fallen=None\n"
    assert is_gone(tmp_path, "parent")
    assert is_gone(tmp_path, "careless")


def test_whoever_does_not_end_is_killed_after_the_grace(start: Callable[..., Started], tmp_path: Path) -> None:
    process = start(one=PARENT, two=STUBBORN)
    wait_for(process, tmp_path, "parent", "stubborn")

    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)

    assert output == "asked=True fallen=None\n"
    assert is_gone(tmp_path, "stubborn")


def test_a_second_signal_does_not_wait_for_the_grace(start: Callable[..., Started], tmp_path: Path) -> None:
    process = start(grace=60, two=STUBBORN)
    wait_for(process, tmp_path, "stubborn")

    # Two that come before the process has its turn are one.
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    process.communicate(timeout=1)

    assert is_gone(tmp_path, "stubborn")


def test_when_one_part_ends_all_end_and_its_last_words_are_shown(start: Callable[..., Started], tmp_path: Path) -> None:
    process = start(one=PARENT, broken="echo out of cheese; until test -s parent; do sleep 0.1; done; exit 3")

    output, _ = process.communicate(timeout=30)

    assert output.splitlines()[1] == "asked=False fallen=broken"
    assert output.splitlines()[-1] == "  out of cheese"
    assert is_gone(tmp_path, "parent")


def test_a_part_that_is_killed_leaves_no_orphan(start: Callable[..., Started], tmp_path: Path) -> None:
    process = start(one=PARENT, killed="sleep 600 & echo $! > orphan; sleep 0.5; kill -KILL $$")

    output, _ = process.communicate(timeout=30)

    assert "asked=False fallen=killed" in output
    assert is_gone(tmp_path, "orphan")


def test_nothing_goes_on_without_the_runner(start: Callable[..., Started], tmp_path: Path) -> None:
    process = start(one=PARENT, two=STUBBORN)
    wait_for(process, tmp_path, "parent", "stubborn")

    process.kill()
    process.communicate(timeout=30)

    assert is_gone(tmp_path, "parent")
    assert is_gone(tmp_path, "stubborn")


def test_what_a_part_says_is_in_its_log(start: Callable[..., Started], tmp_path: Path) -> None:
    process = start(one=PARENT)
    wait_for(process, tmp_path, "parent", "one.log")

    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)

    assert (tmp_path / "one.log").read_text().endswith(" hello\n")
