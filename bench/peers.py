"""The servers that are compared: the same granian, one worker with one thread, the same core."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench import processor
from bench.connection import HOST
from bench.steps import Seed

STARTING = 30.0  # seconds
ENDING = 8.0
GRANIAN = Path(sys.executable).with_name("granian")


@dataclass(frozen=True, kw_only=True)
class Peer:
    name: str
    application: tuple[str, ...]
    seed: tuple[str, ...]
    environment: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Running:
    peer: Peer
    seed: Seed
    port: int
    session: int


def ours(folder: Path, database: str, *, name: str = "ours", tokens: int = 0) -> Peer:
    """The portal with its own settings, in demo mode so that plain HTTP on loopback is answered."""
    environment = {
        "DJANGO_SETTINGS_MODULE": "apimanager.settings",
        "APIM_DEMO": "1",
        "APIM_VAR": str(folder),
        "APIM_DATABASE_URL": database,
        "APIM_LOG_LEVEL": "WARNING",
    }
    application = ("--interface", "rsgi", "apimanager.rsgi:application")
    return Peer(name=name, application=application, seed=("bench.portal", str(tokens)), environment=environment)


def toolkit(key: Path, database: str) -> Peer:
    environment = {
        "DJANGO_SETTINGS_MODULE": "bench.toolkit.settings",
        "BENCH_DATABASE_URL": database,
        "BENCH_RSA_KEY": str(key),
    }
    application = ("--interface", "wsgi", "--factory", "django.core.wsgi:get_wsgi_application")
    return Peer(name="toolkit", application=application, seed=("bench.toolkit.seed",), environment=environment)


@contextmanager
def running(peer: Peer, log: Path) -> Iterator[Running]:
    """The peer seeded, started and answering; ended however the block is left."""
    environment = os.environ | peer.environment
    seeded = subprocess.run(
        [sys.executable, "-m", *peer.seed], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    port = free_port()
    options = ["--workers", "1", "--blocking-threads", "1", "--no-ws", "--log-level", "error"]
    command = [str(GRANIAN), *options, "--host", HOST, "--port", str(port), *peer.application]
    with log.open("w") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
    try:
        os.sched_setaffinity(server.pid, processor.cores()[0])
        await_door(server, port, log)
        yield Running(peer=peer, seed=json.loads(seeded.stdout), port=port, session=server.pid)
    finally:
        end(server)


def free_port() -> int:
    with socket.create_server((HOST, 0)) as door:
        number: int = door.getsockname()[1]
    return number


def await_door(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + STARTING
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), 1):
            return
        time.sleep(0.1)
    raise SystemExit(f"{server.args!r} did not start: {log.read_text()[-2000:]}")


def end(server: subprocess.Popen[bytes]) -> None:
    """The server's own process group, politely and then not."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(ENDING)
            return
