"""Where the peers keep their rows: a SQLite file each, or a PostgreSQL database each on a server of this run's own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from bench import processor
from tests import postgres


@contextmanager
def sqlite(folder: Path) -> Iterator[tuple[Callable[[str], str], list[int]]]:
    """A function from a peer's name to its database's address, and the processes whose children are the database."""
    yield lambda name: f"sqlite:///{folder / name}.sqlite3", []


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[Callable[[str], str], list[int]]]:
    with postgres.cluster() as address:
        place = unquote(urlsplit(address).netloc.rpartition("@")[2])
        postmaster = int((Path(place) / "data/postmaster.pid").read_text().split()[0])
        os.sched_setaffinity(postmaster, processor.cores()[0])

        def named(name: str) -> str:
            with psycopg.connect(f"host={place} user={postgres.OWNER} dbname=postgres", autocommit=True) as server:
                server.execute(f'CREATE DATABASE "bench_{name}"')
            return address.rpartition("/")[0] + f"/bench_{name}"

        yield named, [postmaster]


KINDS = {"sqlite": sqlite, "postgresql": postgresql}
