"""Nonces for DPoP proofs (RFC 9449 8): the same for everybody, made of the time, so that none has to be remembered."""

from __future__ import annotations

import time

from keymanager import checksums

SLOT_SECONDS = 150
# The current one and the one before.
LIFETIME = 2 * SLOT_SECONDS


def current() -> str:
    """64 characters of RFC 9449 8.1's NQCHAR that nobody can foretell."""
    return of(slot())


def is_fresh(nonce: str) -> bool:
    return nonce in {of(slot()), of(slot() - 1)}


def slot() -> int:
    return int(time.time()) // SLOT_SECONDS


def of(number: int) -> str:
    return checksums.checksum(str(number), checksums.DPOP_NONCE)
