"""Django's own, one at a time: two at once, of portals that are started together, both made the same tables, and one
failed on what it found."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.core.management.commands import migrate
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

# The key of the lock; PostgreSQL wants a number.
MIGRATING = int.from_bytes(b"migrate")
# What would end whoever holds the lock, or waits for it, too early. Not every version of PostgreSQL knows all.
LIMITS = ["idle_in_transaction_session_timeout", "transaction_timeout", "statement_timeout", "lock_timeout"]


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with alone(connections[options["database"]], self.say):
            super().handle(*args, **options)

    def say(self) -> None:
        self.stdout.write("Another migrate is at work; this one waits for it.")


@contextmanager
def alone(connection: BaseDatabaseWrapper, waits: Callable[[], object]) -> Iterator[None]:
    """`waits` is called where it has to be waited for. An in-memory database is nobody else's."""
    if connection.vendor == "postgresql":
        with alone_in_postgresql(connection, waits):
            yield
    elif connection.is_in_memory_db():  # type: ignore[attr-defined]  # the other vendor is SQLite
        yield
    else:
        with alone_in_folder(Path(connection.settings_dict["NAME"]).parent, waits):
            yield


@contextmanager
def alone_in_postgresql(connection: BaseDatabaseWrapper, waits: Callable[[], object]) -> Iterator[None]:
    """By a transaction, which keeps to one session wherever connections are shared; on a connection of its own, because
    migrations begin and end theirs."""
    with closing(connection.copy()) as other:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT set_config(name, '0', true) FROM pg_settings WHERE name = ANY(%s)", [LIMITS])
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [MIGRATING])
            if not cursor.fetchone()[0]:
                waits()
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATING])
            yield


@contextmanager
def alone_in_folder(folder: Path, waits: Callable[[], object]) -> Iterator[None]:
    """Of the SQLite file: there everybody who uses it is on this machine, and no file of ours stays behind."""
    place = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waits()
            fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)
