"""A process that is killed in the middle of an exchange: `python -m tests.keymanager.killed`, started by test_races.py.

REQUEST is the call of the token endpoint as JSON; PAUSE_AFTER names the function after which the process stands still.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
from typing import Any

import django


def main() -> None:
    django.setup()
    from django.test import Client as Browser

    stand_still_after(os.environ["PAUSE_AFTER"])
    request = json.loads(os.environ["REQUEST"])
    answer = Browser(SERVER_NAME="localhost").post("/oauth2/token", request["parameters"], headers=request["headers"])
    raise SystemExit(f"It was answered and not killed: {answer.status_code} {answer.content.decode()}")


def stand_still_after(dotted: str) -> None:
    module, _, name = dotted.rpartition(".")
    owner = importlib.import_module(module)
    whole = getattr(owner, name)

    def pausing(*args: Any, **kwargs: Any) -> None:
        whole(*args, **kwargs)
        print("standing still", flush=True)
        signal.pause()

    setattr(owner, name, pausing)


if __name__ == "__main__":
    main()
