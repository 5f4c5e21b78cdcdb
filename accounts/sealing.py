"""Sealed at rest: what must be read again and is worth something to a thief, as the keys of authenticator apps.

And checksums of what need not be read again, for those above who have no secrets of their own (store/api_keys.py).
"""

from __future__ import annotations

import base64
import hmac
import os
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE = b"second factors"


@cache
def derived_key(purpose: bytes) -> bytes:
    """32 bytes that stand for `purpose`, from the installation's secret key (RFC 5869)."""
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=b"apimanager", info=purpose)
    return kdf.derive(settings.SECRET_KEY.encode())


@cache
def cipher(purpose: bytes) -> AESGCM:
    return AESGCM(derived_key(purpose))


def checksum(value: str, purpose: bytes) -> str:
    """64 hexadecimal digits: HMAC-SHA-256 of a random `value` under the key of `purpose` (docs/decisions/0004)."""
    return hmac.digest(derived_key(purpose), value.encode(), "sha256").hex()


def seal(plain: str, purpose: bytes = PURPOSE) -> str:
    """Base64 of 12 bytes of nonce and AES-256-GCM of `plain`."""
    nonce = os.urandom(12)
    return base64.b64encode(nonce + cipher(purpose).encrypt(nonce, plain.encode(), purpose)).decode()


def unseal(sealed: str, purpose: bytes = PURPOSE) -> str:
    raw = base64.b64decode(sealed)
    return cipher(purpose).decrypt(raw[:12], raw[12:], purpose).decode()
