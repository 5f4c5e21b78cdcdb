"""A database that is away while somebody works in a loop, and is back later."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection


class Looks(threading.Event):
    """Ends the work after as many looks; before each there is something that happens first."""

    def __init__(self, *happens: Callable[[], object]) -> None:
        super().__init__()
        self.happens = list(happens)

    def wait(self, timeout: float | None = None) -> bool:
        if self.happens:
            self.happens.pop(0)()
        else:
            self.set()
        return True


def rename(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")
