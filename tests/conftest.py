"""The fixed cast: alice owns, bob and charlie are end users and strangers to alice's applications.

Nothing is imported from the portal at the top: the photo service's and the playground's tests pass through here too.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from accounts.models import User


def person(name: str, **extra: Any) -> User:
    from accounts.models import User

    return User.objects.create_user(name, f"{name}@example.com", name, **extra)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", type=int, default=1, help="run the tests in so many processes (tests/forks.py)")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    processes = session.config.getoption("processes")
    if processes == 1 or session.testsfailed or session.config.option.collectonly:
        return None
    from tests import forks, lanes

    if "DJANGO_SETTINGS_MODULE" in os.environ:
        load_addresses()
    forks.run(session, *lanes.divided([item.nodeid for item in session.items]), processes)
    return True


def load_addresses() -> None:
    """All views, which each process would load for itself at its first request."""
    from django.urls import get_resolver

    get_resolver().url_patterns  # noqa: B018


def pytest_collection() -> None:
    """Half a million objects that stay until the end: the collector need not look at them again and again."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def database_file(django_db_modify_db_settings_parallel_suffix: None) -> Path | None:
    """Where this process has its test database, apart from those of its siblings; None: in memory, or no SQLite."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    name = database.get("TEST", {}).get("NAME")
    if not name or "sqlite3" not in database["ENGINE"]:
        return None
    file = Path(name).with_name(f"test-{os.getpid()}.sqlite3")
    database["TEST"]["NAME"] = str(file)
    return file


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_file: Path | None, django_db_blocker: Any) -> Iterator[None]:
    """Where it is a file, it is there before pytest-django looks for it."""
    if database_file is None:
        yield
        return
    from tests import migrated

    with django_db_blocker.unblock():
        migrated.copy(database_file)
    yield
    for rest in database_file.parent.glob(f"{database_file.name}*"):
        rest.unlink()


@pytest.fixture(scope="session")
def django_db_keepdb(database_file: Path | None) -> bool:
    """pytest-django then only applies what is missing."""
    return database_file is not None


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """What a test with transactions of its own begins with: content types and permissions, which nobody uses, make up
    nearly all that migrations write."""
    from django.db import connection

    rows = json.loads(getattr(connection, "_test_serialized_contents", "[]"))
    wanted = [row for row in rows if row["model"] not in ("contenttypes.contenttype", "auth.permission")]
    connection._test_serialized_contents = json.dumps(wanted)  # type: ignore[attr-defined]
    if connection.vendor == "postgresql":
        connection.ops.sql_flush = emptied  # type: ignore[method-assign]


def emptied(style: object, tables: Sequence[str], **wishes: bool) -> list[str]:
    """PostgreSQL's TRUNCATE makes new files for each table and index, half a second a test; these hold few rows."""
    return [";".join(f'DELETE FROM "{table}"' for table in tables)] if tables else []  # noqa: S608


@pytest.fixture(scope="session")
def migrated_file(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that is nobody's yet, to be copied by tests that start the portal as a process."""
    from tests import migrated

    file = tmp_path_factory.mktemp("migrated") / "portal.sqlite3"
    with django_db_blocker.unblock():
        migrated.copy(file)
    return file


@pytest.fixture
def alice(db: None) -> User:
    return person("alice")


@pytest.fixture
def bob(db: None) -> User:
    return person("bob", first_name="Bob", last_name="Baker")


@pytest.fixture
def charlie(db: None) -> User:
    return person("charlie")
