"""The command line of each part. Every one that has a door listens on loopback only."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from demo.settings import (
    PROGRAMS,
    ROOT,
    Door,
    Settings,
    photos_environment,
    playground_environment,
    portal_environment,
)

# What granian thinks many is a warning in the log.
PATIENT = min(8, 2 * (os.cpu_count() or 1) + 1)


@dataclass(frozen=True)
class Part:
    name: str
    command: str
    environment: dict[str, str]


def all_parts(settings: Settings) -> list[Part]:
    """In the order of their needs: the gateway opens its door when the portal has given it routes."""
    return [
        Part("portal", portal(settings), portal_environment(settings)),
        Part("photos", granian("photos", settings.photos, threads=2), photos_environment(settings)),
        Part(
            "playground", granian("playground", settings.playground, threads=PATIENT), playground_environment(settings)
        ),
        Part("agent", agent(settings), portal_environment(settings)),
        Part("gateway", gateway(settings), portal_environment(settings)),
        Part("outbox", outbox(), portal_environment(settings)),
        Part("counter", counter(), portal_environment(settings)),
    ]


def portal(settings: Settings) -> str:
    tls = [
        *("--ssl-certificate", str(settings.tls / "localhost.pem")),
        *("--ssl-keyfile", str(settings.tls / "localhost-key.pem")),
        *("--ssl-protocol-min", "tls1.2"),
    ]
    return granian("apimanager", settings.portal, interface="rsgi", options=tls)


def granian(package: str, door: Door, *, interface: str = "wsgi", threads: int = 1, options: Iterable[str] = ()) -> str:
    """One blocking thread is the fastest for Python that does not wait (granian's own advice and our measurement). The
    playground waits for servers that its visitors name, and the photo service for the portal's keys: they have more."""
    return shlex.join([
        str(PROGRAMS / "granian"), f"{package}.{interface}:application",
        "--interface", interface, "--no-ws", "--http", "auto",
        "--host", door.address, "--port", str(door.port),
        "--workers", "1", "--blocking-threads", str(threads),
        "--workers-kill-timeout", "3", "--log-level", "warning",
        *options,
    ])  # fmt: skip


def outbox() -> str:
    """Sends mails, and tells applications of sign-outs. It has no door."""
    return shlex.join([sys.executable, str(ROOT / "manage.py"), "deliver"])


def counter() -> str:
    """Counts the calls that the gateway has logged. It has no door."""
    return shlex.join([sys.executable, str(ROOT / "manage.py"), "count_calls"])


def agent(settings: Settings) -> str:
    """Asks the portal for the gateway, and keeps the last good state on disk. Its door is a socket file."""
    return shlex.join([sys.executable, "-m", "gateway.agent", str(settings.var / "gateway" / "agent.json")])


def gateway(settings: Settings) -> str:
    """Without hot restart: it would share memory with every other Envoy of this machine."""
    return shlex.join([
        str(PROGRAMS / "envoy"), "--config-path", str(settings.var / "gateway" / "envoy.json"),
        "--concurrency", "1", "--log-level", "warning", "--disable-hot-restart",
        "--file-flush-interval-msec", "1000",
    ])  # fmt: skip
