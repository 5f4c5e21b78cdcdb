"""The four parts under honcho's manager: one ends, all end, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

from honcho.manager import Manager
from honcho.process import Popen, Process

from demo.logs import Logs

GRACE_SECONDS = 8.0
WATCH_SECONDS = 0.2
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Child(Popen):
    """The first process of a part. It lives in a process of honcho's, which watches both sides: what outlives it in its
    group is of no use, and would hold its output open; and without the runner itself nobody could end it any more."""

    def __init__(self, command: str, *, runner: int, **options: Any) -> None:
        super().__init__(command, **options)
        threading.Thread(target=self._outlive_nobody, args=(runner,), daemon=True).start()

    def _outlive_nobody(self, runner: int) -> None:
        while self.poll() is None and os.getppid() == runner:
            time.sleep(WATCH_SECONDS)
        signal_group(self.pid, signal.SIGKILL)


class Part(Process):
    def __init__(self, command: str, **options: Any) -> None:
        super().__init__(command, **options)
        # Taken here, in the runner: asked for in the child it would be too late if the runner had just been killed.
        self._child_ctor = partial(Child, runner=os.getpid())  # type: ignore[assignment]


class Parts(Manager):
    """Honcho, with three promises added: a second signal or GRACE_SECONDS end what does not end by itself, whoever
    asked for the end is remembered, and what a part has left behind in its process group ends with it."""

    def __init__(self, logs: Logs, attend: Callable[[Parts], None]) -> None:
        super().__init__(logs)
        self._process_ctor: type[Process] = Part
        self.ending = threading.Event()
        self.asked_to_end = False
        self.fallen: str | None = None
        self.attendant = threading.Thread(target=self._attend, args=(attend,), daemon=True)

    def run(self) -> None:
        """Starts the parts, calls `attend` beside them, and returns when the last process has ended."""
        before = {number: signal.getsignal(number) for number in SIGNALS}
        try:
            self.loop()
        finally:
            self.ending.set()
            # A part may have ended before its own children did.
            self._signal_groups(signal.SIGKILL)
            self.attendant.join(timeout=GRACE_SECONDS)
            for number, handler in before.items():
                signal.signal(number, handler)

    def end(self) -> None:
        """From any thread: everything is to end."""
        self.ending.set()

    def _start(self) -> None:
        for number in SIGNALS:
            signal.signal(number, self._signalled)
        super()._start()
        # Only now: a process that is forked must not have threads.
        self.attendant.start()

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        # Nothing but flags and system calls here: the signal may have come in the middle of a write.
        if self.ending.is_set():
            self._signal_groups(signal.SIGKILL)
        self.asked_to_end = True
        self.ending.set()

    def _attend(self, attend: Callable[[Parts], None]) -> None:
        try:
            attend(self)
            self.ending.wait()
        finally:
            self._end_all()

    def _end_all(self) -> None:
        self.ending.set()
        while not self._all_started():  # a part's number is known a moment after its start
            threading.Event().wait(0.02)
        self.terminate()

    def terminate(self) -> None:
        if not self._terminating:
            self.fallen = next((name for name, part in self._processes.items() if "returncode" in part), None)
            self.ending.set()
            timer = threading.Timer(GRACE_SECONDS, self.kill)
            timer.daemon = True
            timer.start()
        super().terminate()

    def _signal_groups(self, number: signal.Signals) -> None:
        parts: dict[str, dict[str, Any]] = self._processes
        for part in parts.values():
            if pid := part.get("pid"):
                signal_group(pid, number)


def signal_group(leader: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
