"""Makes .venv and keeps it at the lock files: `python3 -m demo.environment requirements.lock [requirements-dev.lock]`.

Run by whatever Python the machine has, so that even an old one can say what is missing. A lock file is installed again
only when its checksum changed; an installation that was interrupted leaves no checksum and is repeated.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)


def main(lock_files: Sequence[str]) -> None:
    refuse_old_python()
    if not is_sound():
        say(f"Making .venv with Python {version()} ...")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
    for name in lock_files:
        install(ROOT / name)


def refuse_old_python() -> None:
    if sys.version_info < OLDEST:
        sys.exit(f"Python 3.11 or newer is needed, and {sys.executable} is {version()}. Set PYTHON=/path/to/python3.")
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        sys.exit("Python's module venv is missing. On Debian and Ubuntu: apt install python3-venv")


def is_sound() -> bool:
    """Whether .venv has a working pip and is of the Python that was asked for."""
    question = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run([str(PYTHON), "-c", question], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.strip() == version()


def install(lock: Path) -> None:
    stamp = VENV / f"{lock.name}.sha256"
    checksum = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == checksum:
        return
    stamp.unlink(missing_ok=True)
    say(f"Installing {lock.name} into .venv (about a minute the first time) ...")
    # Wheels only: nothing is compiled, and no package runs code of its own while it is installed.
    options = ["--require-hashes", "--only-binary", ":all:", "--disable-pip-version-check"]
    subprocess.run([str(PYTHON), "-m", "pip", "install", *options, "-r", str(lock)], check=True, cwd=ROOT)
    scratch = stamp.with_suffix(".new")
    scratch.write_text(checksum)
    os.replace(scratch, stamp)


def version() -> str:
    return "{}.{}".format(*sys.version_info[:2])


def say(sentence: str) -> None:
    print(sentence, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except subprocess.CalledProcessError as problem:
        sys.exit(f"That did not work (see above); the next run repeats it. It was: {' '.join(problem.cmd[:4])} ...")
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next run repeats what was not finished.")
