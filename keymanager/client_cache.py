"""Clients as this process remembers them, for a moment: most requests of one client follow another of the same.

What is remembered is what the database holds: of secrets the checksums, never a secret. Whoever changes a client says
so by `forget`, and the next request here reads the database; other processes follow within CLIENT_CACHE_SECONDS. What
is found here is shared by threads: it is looked at and never changed.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.db.models import BigIntegerField, CharField, prefetch_related_objects

from accounts.prepared import Argument, Select
from keymanager.models import Client, ClientSecret

# Enough for those that are busy at one moment; all are let go of when there are more.
MOST = 2000

# With their owners, whose applications may all be stopped.
CLIENTS = Client.objects.select_related("user").defer("user__password")
CLIENT_BY_ID = Select(lambda: CLIENTS.filter(client_id=Argument("client_id", CharField())))
CLIENT_BY_KEY = Select(lambda: CLIENTS.filter(pk=Argument("pk", BigIntegerField())))
SECRETS = Select(lambda: ClientSecret.objects.filter(client_id=Argument("pk", BigIntegerField())))


@dataclass(frozen=True)
class Known:
    """A client, usable or not, its addresses at hand, and its secrets."""

    client: Client
    secrets: tuple[ClientSecret, ...]
    read_at: float


_lock = threading.Lock()
_by_id: dict[str, Known] = {}
_by_key: dict[int, Known] = {}
# Counts what was forgotten: what was read before that is old already when it comes to be remembered.
_forgotten = 0
_changing = threading.local()


def find(client_id: str) -> Known | None:
    """No statement for a client that is remembered, one for one that does not exist, else three."""
    held = _by_id.get(client_id)
    if held is not None and is_fresh(held):
        return held
    counted, now = _forgotten, time.monotonic()
    return known(CLIENT_BY_ID.first(client_id=client_id), counted, now)


def find_by_key(pk: int) -> Known | None:
    held = _by_key.get(pk)
    if held is not None and is_fresh(held):
        return held
    counted, now = _forgotten, time.monotonic()
    return known(CLIENT_BY_KEY.first(pk=pk), counted, now)


def is_fresh(held: Known) -> bool:
    return time.monotonic() - held.read_at < settings.CLIENT_CACHE_SECONDS and not is_changing()


def is_changing() -> bool:
    """Whether a transaction of this thread has changed a client: what it sees may never come to be."""
    if not getattr(_changing, "client", False):
        return False
    _changing.client = connection.in_atomic_block
    return connection.in_atomic_block


def known(client: Client | None, counted: int, read_at: float) -> Known | None:
    """`counted` and `read_at` are from before the client was read."""
    if client is None:
        return None
    prefetch_related_objects([client], "uris")
    found = Known(client, tuple(SECRETS.all(pk=client.pk)), read_at)
    if not is_changing():
        remember(found, counted)
    return found


def remember(found: Known, counted: int) -> None:
    with _lock:
        if counted != _forgotten:
            return
        if len(_by_id) >= MOST:
            _by_id.clear()
            _by_key.clear()
        _by_id[found.client.client_id] = _by_key[found.client.pk] = found


def forget() -> None:
    """To be called by whatever changes a client, its addresses or its secrets, in the transaction that does it.

    Nothing is remembered any more, because changes are rare. Until it has committed, other threads may still remember
    what was before, so it is done once more then.
    """
    clear()
    if connection.in_atomic_block:
        _changing.client = True
        transaction.on_commit(changed)


def changed() -> None:
    _changing.client = False
    clear()


def clear() -> None:
    global _forgotten
    with _lock:
        _forgotten += 1
        _by_id.clear()
        _by_key.clear()
