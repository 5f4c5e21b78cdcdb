"""The key by which the portal knows its own Envoys. It stands in the bootstrap file and comes with every question."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
import time
from functools import lru_cache
from pathlib import Path

from django.conf import settings


def path() -> Path:
    return Path(settings.GATEWAY_STATE) / "key"


def ensure() -> str:
    """The key; made on the first call and kept in a file that only its owner reads."""
    if not path().exists():
        create()
    return path().read_text()


def create() -> None:
    """Written beside and then linked, so nobody reads half a key and the first of two writers wins."""
    path().parent.mkdir(parents=True, exist_ok=True)
    descriptor, scratch = tempfile.mkstemp(dir=path().parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(32))
    with contextlib.suppress(FileExistsError):
        os.link(scratch, path())
    os.unlink(scratch)


def proof() -> str:
    """What shows to the key manager that a call came through this gateway (keymanager/client_certificates.py), and does
    not give the key away to whoever sees the call."""
    return _proof(str(settings.GATEWAY_STATE), int(time.monotonic()))


@lru_cache(maxsize=4)
def _proof(place: str, second: int) -> str:
    """The file is looked at once a second, and not for each question of a gateway."""
    return hmac.new(ensure().encode(), b"client certificates", hashlib.sha256).hexdigest()


def matches(shown: object) -> bool:
    """True for the key. Nobody is let in while there is none."""
    if not isinstance(shown, str) or not path().exists():
        return False
    return hmac.compare_digest(shown.encode(errors="replace"), path().read_bytes())
