"""Migrating an empty SQLite file takes seconds, so it is done once; every process of the tests starts from a copy.

The file is named by the project and by what it was made from: whoever changes a migration gets a new one.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.utils import ConnectionHandler

FOLDER = Path(__file__).resolve().parent.parent / "test-results" / "migrated"


def copy(place: Path) -> None:
    """A database with every migration applied, at `place`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    template = FOLDER / f"{settings.ROOT_URLCONF}-{made_from()}.sqlite3"
    with (FOLDER / "lock").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        if not template.exists():
            make(template)
        shutil.copyfile(template, place)


def made_from() -> str:
    digest = hashlib.sha256(django.__version__.encode())
    for app in sorted(apps.get_app_configs(), key=lambda app: app.label):
        for file in sorted(Path(app.path, "migrations").glob("*.py")):
            digest.update(f"\0{app.label}/{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def make(template: Path) -> None:
    for old in FOLDER.glob(f"{settings.ROOT_URLCONF}-*"):
        old.unlink()
    unfinished = template.with_suffix(".unfinished")
    with connected_to(unfinished):
        call_command("migrate", verbosity=0)
    unfinished.rename(template)


@contextmanager
def connected_to(file: Path) -> Iterator[None]:
    """The default connection is one to this SQLite file, whatever database the tests run on."""
    before = connections[DEFAULT_DB_ALIAS]
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(file)}
    connections[DEFAULT_DB_ALIAS] = ConnectionHandler({DEFAULT_DB_ALIAS: database})[DEFAULT_DB_ALIAS]
    try:
        yield
    finally:
        connections[DEFAULT_DB_ALIAS].close()
        connections[DEFAULT_DB_ALIAS] = before
