"""A demo of three small parts for test_processes.py: `python -m tests.demo.three_parts FOLDER GRACE NAME=COMMAND …`"""

from __future__ import annotations

import sys
from pathlib import Path

from demo import processes
from demo.logs import Logs
from demo.processes import Parts


def main(folder: str, grace: str, *commands: str) -> None:
    processes.GRACE_SECONDS = float(grace)
    logs = Logs(Path(folder), verbose=False)
    parts = Parts(logs, lambda parts: print("running", flush=True))
    for name, command in (words.split("=", 1) for words in commands):
        parts.add_process(name, command, cwd=folder)
    parts.run()
    print(f"asked={parts.asked_to_end} fallen={parts.fallen}")
    if parts.fallen:
        print(logs.tail(parts.fallen))


if __name__ == "__main__":
    main(*sys.argv[1:])
