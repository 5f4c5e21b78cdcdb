"""The health of a connection to PostgreSQL is seen without asking the server."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from apimanager.postgresql.base import DatabaseWrapper


class Connection:
    """As psycopg's, as far as it is looked at."""

    closed = False

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    def fileno(self) -> int:
        return self.end.fileno()

    def cursor(self) -> None:
        raise DatabaseWrapper.Database.OperationalError


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def wrapper(end: socket.socket) -> DatabaseWrapper:
    made = DatabaseWrapper({"OPTIONS": {}, "TIME_ZONE": None})
    made.connection = Connection(end)
    return made


def test_an_idle_connection_is_asked_nothing(ends: tuple[socket.socket, socket.socket]) -> None:
    assert wrapper(ends[0]).is_usable()


def test_a_connection_that_the_server_ended_is_noticed(ends: tuple[socket.socket, socket.socket]) -> None:
    made = wrapper(ends[0])
    ends[1].close()

    assert not made.is_usable()
