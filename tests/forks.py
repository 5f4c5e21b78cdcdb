"""Several processes for one run: `pytest --processes=2`. All is imported and collected once, then this process forks.

The processes of pytest-xdist start empty, and each imports and collects everything for itself, which was a tenth of all
work. Here the children run tests and tell; the parent hands out what is next, and counts.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pytest

TERMINAL = "terminalreporter"


@dataclass
class Child:
    process: int
    door: Connection
    # What is still to be handed out to it, and perhaps to others.
    waiting: deque[list[int]]
    # What it was given and has not told the end of; the first is what it runs.
    places: deque[int] = field(default_factory=deque)

    def end(self) -> int:
        """It notices that nobody listens any more, and ends its own parts."""
        self.door.close()
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def run(session: pytest.Session, lanes: Sequence[list[int]], pieces: Sequence[list[int]], processes: int) -> None:
    """Each lane and each piece is places in `session.items`, which run one after another in one process: a lane in one
    of its own, for those mostly wait; the pieces in so many as are told."""
    shared, children = deque(pieces), list[Child]()
    try:
        for waiting in [*(deque([lane]) for lane in lanes), *[shared] * min(processes, len(pieces))]:
            children.append(fork(session, children, waiting))
        while children:
            doors = wait([child.door for child in children])
            for child in [child for child in children if child.door in doors]:
                if not listen(session, child):
                    children.remove(child)
                    bury(session, child)
                    if child.waiting:
                        children.append(fork(session, children, child.waiting))
    finally:
        for child in children:
            child.end()


def fork(session: pytest.Session, others: Sequence[Child], waiting: deque[list[int]]) -> Child:
    ours, theirs = Pipe()
    # Made before: the children have places of their own within it.
    scratch = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    process = os.fork()
    if process:
        theirs.close()
        return Child(process, ours, waiting)
    try:
        for door in (ours, *(other.door for other in others)):
            door.close()
        settle(session.config, scratch)
        work(session, theirs)
    except BaseException:  # noqa: BLE001
        # Told to the parent, which raises; nobody may be there.
        with suppress(OSError):
            theirs.send(("broke", traceback.format_exc()))
    finally:
        # The parent's own ending, which would follow, is the parent's.
        os._exit(0)


def settle(config: pytest.Config, scratch: Path) -> None:
    """What two processes must not share: the folder of temporary files, the file of what is printed, the terminal."""
    config._tmp_path_factory._basetemp = Path(tempfile.mkdtemp(prefix="", dir=scratch))  # type: ignore[attr-defined]
    config.pluginmanager.unregister(name=TERMINAL)
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    capture.resume_global_capture()
    if not os.fstat(1).st_nlink:
        for stream in (1, 2):
            with tempfile.TemporaryFile() as own:
                replace(os.fstat(stream), own.fileno())
    capture.suspend_global_capture()


def replace(old: os.stat_result, new: int) -> None:
    """Whatever leads to the one file leads to the other."""
    for number in [int(entry.name) for entry in Path("/dev/fd").iterdir()]:
        with suppress(OSError):  # that of the listing itself
            if os.path.samestat(os.fstat(number), old):
                os.dup2(new, number, inheritable=os.get_inheritable(number))


class Teller:
    """Tells of a test when it has ended."""

    def __init__(self, config: pytest.Config, door: Connection) -> None:
        self.config, self.door, self.reports = config, door, list[Any]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.reports.append(self.config.hook.pytest_report_to_serializable(config=self.config, report=report))

    def pytest_runtest_logfinish(self) -> None:
        self.door.send(("ran", self.reports))
        self.reports = []


def work(session: pytest.Session, door: Connection) -> None:
    session.config.pluginmanager.register(Teller(session.config, door))
    items = session.items
    try:
        scope = ask(door)
        while scope:
            # Asked before the last of this one, which has to know what it need not tear down.
            for place, after in pairwise(scope):
                execute(items[place], items[after])
            following = ask(door)
            execute(items[scope[-1]], items[following[0]] if following else None)
            scope = following
    finally:
        # Where it was interrupted, parts are still running.
        session._setupstate.teardown_exact(None)


def ask(door: Connection) -> list[int]:
    door.send(("next", None))
    places: list[int] = door.recv()
    return places


def execute(item: pytest.Item, after: pytest.Item | None) -> None:
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)


def listen(session: pytest.Session, child: Child) -> bool:
    """One message of a child's; False when there will be none."""
    try:
        word, told = child.door.recv()
        if word == "next":
            scope = child.waiting.popleft() if child.waiting else []
            child.places.extend(scope)
            child.door.send(scope)
    except (EOFError, ConnectionError):
        return False
    if word == "broke":
        raise RuntimeError(f"A process of the tests broke.\n{told}")
    if word == "ran":
        convert = session.config.hook.pytest_report_from_serializable
        count(session, child.places.popleft(), [convert(config=session.config, data=data) for data in told])
    return True


def count(session: pytest.Session, place: int, reports: Sequence[pytest.TestReport]) -> None:
    item, hook = session.items[place], session.config.hook
    hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for report in reports:
        hook.pytest_runtest_logreport(report=report)
    hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)


def bury(session: pytest.Session, child: Child) -> None:
    """The test that a process died of has failed; what it had not begun is for others."""
    status = child.end()
    if not child.places:
        return
    place = child.places.popleft()
    item, said = session.items[place], f"The process of this test ended with {status}."
    count(session, place, [pytest.TestReport(item.nodeid, item.location, {}, "failed", said, "call")])
    if child.places:
        child.waiting.appendleft(list(child.places))
