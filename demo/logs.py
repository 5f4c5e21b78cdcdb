"""Where the output of the parts goes: one file each, and the terminal with APIM_VERBOSE=1."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict, deque
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from honcho.printer import Message, Printer

TAIL = 20


class Logs:
    """Stands where honcho expects its printer. Files begin anew with each start of the demo."""

    width = 0

    def __init__(self, folder: Path, *, verbose: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.terminal = Printer(sys.stdout) if verbose else None
        self.files: dict[str, TextIO] = {}
        self.tails: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=TAIL))
        self.stack = ExitStack()
        self.lock = threading.RLock()

    def write(self, message: Message) -> None:
        text = message.data.decode(errors="replace") if isinstance(message.data, bytes) else message.data
        with self.lock:
            for line in text.splitlines():
                print(f"{message.time:%H:%M:%S} {line}", file=self.file(message.name), flush=True)
                self.tails[message.name].append(line)
            if self.terminal:
                self.terminal.width = self.width
                self.terminal.write(message)

    def file(self, name: str) -> TextIO:
        if name not in self.files:
            self.files[name] = self.stack.enter_context(self.path(name).open("w"))
        return self.files[name]

    def path(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def tail(self, name: str) -> str:
        """The last lines that a part wrote, under a heading that says where the rest is."""
        with self.lock:
            lines = self.tails[name] or ["(it said nothing)"]
            return "\n".join([f"The end of {self.path(name)}:", *(f"  {line}" for line in lines)])

    def close(self) -> None:
        self.stack.close()
