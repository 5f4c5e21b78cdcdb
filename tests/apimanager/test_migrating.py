"""`manage.py migrate` by two portals that are started at once."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections

from apimanager.management.commands import migrate
from tests.migrated import connected_to

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
To = Callable[[], AbstractContextManager[None]]


class Told(StringIO):
    """What the second one said; `waits` once it has to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = threading.Event()

    def write(self, text: str) -> int:
        written = super().write(text)
        if "Another migrate is at work; this one waits for it." in text:
            self.waits.set()
        return written


@pytest.fixture
def to_database(request: pytest.FixtureRequest, tmp_path: Path) -> To:
    """Makes the connections of a thread lead to a database that others may use as well."""
    if connection.vendor == "postgresql":
        return nullcontext
    file = tmp_path / "portal.sqlite3"
    shutil.copyfile(request.getfixturevalue("migrated_file"), file)
    return lambda: connected_to(file)


def run(told: Told, to_database: To) -> None:
    with to_database():
        try:
            call_command("migrate", stdout=told)
        finally:
            connections.close_all()


def test_second_one_waits_for_the_first(to_database: To) -> None:
    told = Told()
    with ThreadPoolExecutor(1) as pool:
        with to_database(), migrate.alone(connections["default"], pytest.fail):
            second = pool.submit(run, told, to_database)
            assert told.waits.wait(timeout=60)
            assert not second.done()
        second.result(timeout=60)

    assert "No migrations to apply." in told.getvalue()


def test_one_that_is_alone_waits_for_nobody(to_database: To) -> None:
    for _ in range(2):
        told = Told()
        run(told, to_database)
        assert not told.waits.is_set()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no such limits")
def test_limits_of_the_database_end_neither_who_works_nor_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    limits = " ".join(f"-c {name}=50" for name in migrate.LIMITS if name != "transaction_timeout")
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", limits)
    waits = threading.Event()

    def second() -> None:
        with migrate.alone(connections["default"], waits.set):
            pass

    with ThreadPoolExecutor(1) as pool:
        with migrate.alone(connection, pytest.fail):
            waiting = pool.submit(second)
            assert waits.wait(timeout=60)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.3)")
            assert not waiting.done()
        waiting.result(timeout=60)
