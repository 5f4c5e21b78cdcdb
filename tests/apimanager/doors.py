"""Doors of granian's, before the applications of telling.py."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.gateway.parts import free_port

ROOT = Path(__file__).resolve().parents[2]


def granian(interface: str, name: str, port: int) -> subprocess.Popen[bytes]:
    options = ["--interface", interface, "--host", "127.0.0.1", "--port", str(port), "--no-ws"]
    options += ["--blocking-threads", "1", "--log-level", "critical"]
    command = [sys.executable, "-m", "granian", *options, f"tests.apimanager.telling:{name}"]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings"}
    return subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)


@contextmanager
def served(interface: str, name: str) -> Iterator[int]:
    port = free_port()
    with granian(interface, name, port) as process:
        try:
            until(lambda: is_open(port))
            yield port
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            # With the worker, which waits for ever for who reads slowly under WSGI.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def until(reached: Any) -> Any:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(OSError):
            if answer := reached():
                return answer
        time.sleep(0.1)
    raise TimeoutError


def is_open(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    finally:
        connection.close()
