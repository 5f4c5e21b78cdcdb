"""Writes the lock files: exact versions with the hashes of every file, and no address of an index or a machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from demo.settings import PROGRAMS, ROOT

NAMES = ("requirements", "requirements-dev")
OPTIONS = (
    "--quiet",
    "--generate-hashes",
    "--allow-unsafe",
    "--strip-extras",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-trusted-host",
    "--no-emit-find-links",
    "--no-emit-options",
)


def main(words: Sequence[str]) -> None:
    for name in NAMES:
        command = [str(PROGRAMS / "pip-compile"), *OPTIONS, *words, "--output-file", f"{name}.lock", f"{name}.in"]
        subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
