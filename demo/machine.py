"""What `trust` needs to know of the machine it runs on, so that a test can give it another."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Machine:
    home: Path = field(default_factory=Path.home)
    root: Path = Path("/")
    platform: str = sys.platform
    is_administrator: bool = field(default_factory=lambda: os.geteuid() == 0)
    path: str = field(default_factory=lambda: os.environ.get("PATH", os.defpath))

    def program(self, name: str) -> str | None:
        return shutil.which(name, path=self.path)

    def run(self, *command: str) -> str | None:
        """None when it worked, else what the command said."""
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            return None
        said = (done.stderr or done.stdout).strip().splitlines()
        return f"`{shlex.join(command)}` failed: {said[-1] if said else f'exit code {done.returncode}'}"
