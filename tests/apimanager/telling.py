"""A WSGI application that tells what reached it, for granian's doors of both kinds (test_door.py)."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from http.cookies import SimpleCookie
from typing import Any

from apimanager import bodies, scheduling
from apimanager.door import Arrival, Door

MOST = 1000  # bytes
PATIENCE = 2.0  # seconds
OF_THE_SERVER = frozenset({"wsgi.errors", "wsgi.input", *os.environ})

scheduling.uninterrupted()
CALLS: Counter[str] = Counter()  # by path: what an earlier test has left may still come
state: dict[str, Any] = {"calls": CALLS, "closed": 0}


class Pieces:
    """PEP 3333: "If the iterable returned by the application has a close() method, the server … must call that"."""

    def __iter__(self) -> Iterator[bytes]:
        yield from (b"one ", b"two ", b"three")

    def close(self) -> None:
        state["closed"] += 1


def tell(environ: dict[str, Any], start_response: Any) -> Any:
    CALLS[environ["PATH_INFO"]] += 1
    if environ["PATH_INFO"] == "/fault":
        raise RuntimeError("as it was asked for")
    start_response("200 OK", [("Content-Type", "application/json"), *cookies()])
    if environ["PATH_INFO"] == "/large":
        return iter([b"x" * 65536] * 1000)
    return Pieces() if environ["PATH_INFO"] == "/pieces" else [json.dumps(told(environ)).encode()]


def cookies() -> Iterator[tuple[str, str]]:
    """As Django's WSGIHandler writes them."""
    return (("Set-Cookie", cookie.output(header="")) for cookie in SimpleCookie({"a": "1", "b": "2"}).values())


def told(environ: dict[str, Any]) -> dict[str, Any]:
    running = None
    with suppress(RuntimeError):
        running = repr(asyncio.get_running_loop())
    body = environ["wsgi.input"].read()
    return state | {
        "environ": {name: value for name, value in environ.items() if name not in OF_THE_SERVER},
        "body": body.decode("latin-1"),
        "thread": threading.get_native_id(),
        "loop": running,
        "arrivals": sum(isinstance(known, Arrival) for known in gc.get_objects()),
        "policy": os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else None,
    }


measured = bodies.measured(tell, most=MOST)
door = Door(measured, most=MOST + 1, patience=PATIENCE)
