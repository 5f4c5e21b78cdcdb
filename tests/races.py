from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


def at_once(count: int, deed: Callable[[], T]) -> list[T]:
    """What `count` threads got that did `deed` at the same moment, each on a database connection of its own."""
    barrier = threading.Barrier(count)

    def run() -> T:
        try:
            barrier.wait(timeout=10)
            return deed()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run) for _ in range(count)]]
