"""What is kept of a generated secret, code or token: a keyed hash. And what is kept sealed.

The values carry 256 random bits, so no stretching is needed (docs/decisions/0004); the key keeps a stolen table from
being checked against guessed formats, and the purpose keeps a code from ever being taken for a token.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

CLIENT_SECRET = "client secret"
CODE = "authorization code"
ACCESS_TOKEN = "access token"
REFRESH_TOKEN = "refresh token"
CONSENT_REQUEST = "consent request"
PUSHED_REQUEST = "pushed request"
DEVICE_CODE = "device code"
USER_CODE = "user code"
PAIRWISE_SUBJECT = "pairwise subject"
INITIAL_ACCESS_TOKEN = "initial access token"
REGISTRATION_ACCESS_TOKEN = "registration access token"
DPOP_PROOF = "DPoP proof"
DPOP_NONCE = "DPoP nonce"


@cache
def derived_key(purpose: str) -> bytes:
    """32 bytes that stand for `purpose`, from the installation's secret key (RFC 5869)."""
    return derive(settings.SECRET_KEY.encode(), purpose)


def derive(secret: bytes, purpose: str) -> bytes:
    kdf = HKDF(algorithm=hashes.SHA256(), length=32, salt=b"apimanager", info=purpose.encode())
    return kdf.derive(secret)


def seal(plain: bytes, key: bytes, bound_to: str) -> bytes:
    """12 bytes of nonce, then AES-256-GCM of `plain` under the 32 bytes of `key`, bound to a name."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def unseal(sealed: bytes, key: bytes, bound_to: str) -> bytes:
    return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound_to.encode())


def checksum(value: str, purpose: str) -> str:
    """64 hexadecimal digits: HMAC-SHA-256 of `value` under the key of `purpose`."""
    keyed = keyed_hash(purpose).copy()
    keyed.update(value.encode())
    return keyed.hexdigest()


@cache
def keyed_hash(purpose: str) -> hmac.HMAC:
    """With the key in it. To begin anew each time, OpenSSL looks its algorithm up and hashes the key: three quarters of
    a checksum."""
    return hmac.new(derived_key(purpose), digestmod="sha256")


def s256(content: bytes) -> str:
    """No secret's: base64url of SHA-256, as RFC 7636 4.2, RFC 7638 3, RFC 8705 3.1 and RFC 9449 4.2 have it."""
    return urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def random_value() -> str:
    """43 characters that are safe in a URL, 256 random bits (RFC 6749 10.10 asks for 128)."""
    return secrets.token_urlsafe(32)
