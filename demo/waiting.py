"""Asks each part for its health until it answers."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import urlsplit

from demo.settings import Door

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.1


def until_healthy(
    doors: Iterable[Door],
    ca: Path,
    *,
    given_up: threading.Event,
    say: Callable[[str], None],
    patience: float = PATIENCE_SECONDS,
) -> list[Door]:
    """Returns the doors that did not answer within `patience` seconds, or when `given_up` was set."""
    trust = ssl.create_default_context(cafile=str(ca))
    began = time.monotonic()
    missing = list(doors)
    while missing and time.monotonic() - began < patience and not given_up.wait(PAUSE_SECONDS):
        for door in [door for door in missing if is_healthy(door, trust)]:
            missing.remove(door)
            say(f"  {door.part} answers ({time.monotonic() - began:.1f} s)")
    return missing


def is_healthy(door: Door, trust: ssl.SSLContext) -> bool:
    connection = connect(door, trust)
    try:
        connection.request("GET", door.health, headers={"Connection": "close"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def connect(door: Door, trust: ssl.SSLContext) -> http.client.HTTPConnection:
    """To the door itself, by its host name: its public address may be a balancer's."""
    if urlsplit(door.url).scheme == "https":
        return http.client.HTTPSConnection(door.host, door.port, timeout=5, context=trust)
    return http.client.HTTPConnection(door.host, door.port, timeout=5)
