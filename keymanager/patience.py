"""How long others may have us wait for their web servers.

Whoever names an address as client_id, or puts a jwks_uri into the document there, makes a thread wait that others need,
and without an account. So all strangers together have some seconds of a minute. Other clients (Client.is_stranger) do
not come into it, and those whose document was read before stay what they were (client_documents.py). What anybody can
have fetched from such a client by a link (request_uris.py) takes from seconds that are this client's alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache

STRANGERS = "strangers"
PERIOD = 60  # seconds
MOST = 10_000  # milliseconds
# Nobody is knocked at all day in our name, however quickly he refuses.
LEAST = 100


class Lost(Exception):
    """It is used up for this minute."""


@contextmanager
def spent(whose: str) -> Iterator[None]:
    """What takes time for these; Lost when there is none left. Those at work at the same time may go beyond."""
    key = f"waited-for:{whose}:{int(time.time() // PERIOD)}"
    least = LEAST if whose == STRANGERS else 0
    if cache.get(key, 0) >= MOST:
        raise Lost
    began = time.monotonic()
    try:
        yield
    finally:
        took = max(least, int((time.monotonic() - began) * 1000))
        if not cache.add(key, took, 2 * PERIOD):
            cache.incr(key, took)
