"""Signing: the keys as this process holds them, the tokens they sign, and what is published of them (RFC 7517)."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.utils import timezone

from keymanager import signing_keys
from keymanager.models import SigningAlgorithm, SigningKey
from keymanager.signing_keys import PrivateKey

# Of access tokens, and of ID tokens unless the client asks for another.
ALGORITHM = SigningAlgorithm.ES256.value
ALGORITHMS = SigningAlgorithm.values
# The rows are looked at again after this long, so that every process follows a rotation without a restart.
REFRESH_SECONDS = 5.0
LONGEST_MAX_AGE = 60
COMPACT = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True)
class KeySet:
    """The keys of one algorithm: the one that signs, and every published one by its `kid`."""

    kid: str
    private_key: PrivateKey
    longest_lifetime: int
    public_keys: dict[str, Any]
    jwks: list[dict[str, Any]]
    read_at: float


_cached: dict[str, KeySet] = {}
# By algorithm, with its `kid`: to load an RSA key takes 31 ms, so it is done once and not at every look.
_private_keys: dict[str, tuple[str, PrivateKey]] = {}


def keys(algorithm: str = ALGORITHM) -> KeySet:
    """The key that signs now and every published one, at most REFRESH_SECONDS old."""
    held = _cached.get(algorithm)
    if held is None or time.monotonic() - held.read_at > REFRESH_SECONDS:
        held = _cached[algorithm] = read(algorithm)
    return held


def forget() -> None:
    """Read the keys again at the next use."""
    _cached.clear()
    _private_keys.clear()


def read(algorithm: str = ALGORITHM) -> KeySet:
    """The keys after what their calendar asked for was done. One statement when it asked for nothing."""
    read_at = time.monotonic()
    rows = list(signing_keys.of(algorithm))
    if signing_keys.is_due(rows, timezone.now()):
        signing_keys.rotate(algorithm)
        rows = list(signing_keys.of(algorithm))
    signer = signing_keys.signer(rows, timezone.now()) or rows[-1]
    # A client that ignores `kid` takes the first key: that is the one that signs.
    jwks = [signer.public_jwk, *(row.public_jwk for row in rows if row != signer)]
    return KeySet(
        kid=signer.kid,
        private_key=private_key_of(signer),
        longest_lifetime=signer.longest_lifetime,
        public_keys={jwk["kid"]: jwt.PyJWK(jwk).key for jwk in jwks},
        jwks=jwks,
        read_at=read_at,
    )


def private_key_of(signer: SigningKey) -> PrivateKey:
    """Unsealed once a process; the key that signed before is let go of."""
    kid, private_key = _private_keys.get(signer.algorithm, ("", None))
    if private_key is None or kid != signer.kid:
        private_key = signing_keys.unseal(signer)
        _private_keys[signer.algorithm] = signer.kid, private_key
    return private_key


def sign(claims: dict[str, Any], *, typ: str, algorithm: str = ALGORITHM) -> str:
    """A compact JWS of `claims` (RFC 7515), its header naming the key and `typ`; no statement while keys are held."""
    current = keys(algorithm)
    lifetime = min(claims.get("exp", 0) - claims.get("iat", int(time.time())), signing_keys.LONGEST_LIFETIME)
    if lifetime > current.longest_lifetime:
        current = _cached[algorithm] = read(algorithm)
        signing_keys.note_lifetime(current.kid, lifetime)
    signed = f"{header(algorithm, current.kid, typ)}.{encoded(COMPACT.encode(claims).encode())}"
    signature = jwt.get_algorithm_by_name(algorithm).sign(signed.encode(), current.private_key)
    return f"{signed}.{encoded(signature)}"


@lru_cache(100)
def header(algorithm: str, kid: str, typ: str) -> str:
    return encoded(COMPACT.encode({"alg": algorithm, "kid": kid, "typ": typ}).encode())


def encoded(octets: bytes) -> str:
    """RFC 7515 2, base64url."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def can_sign() -> bool:
    """Whether there is a key, and this process has the secret that it was sealed with."""
    try:
        keys()
    except (InvalidTag, TypeError, ValueError):
        return False
    return True


def jwks() -> dict[str, Any]:
    """RFC 7517 5: every key that a live token may be signed with, and those that will sign soon."""
    return {"keys": [jwk for algorithm in ALGORITHMS for jwk in keys(algorithm).jwks]}


def max_age() -> int:
    """Seconds for which a copy of the JWKS may be kept: well within the lead, so that no copy misses a new key."""
    return int(min(LONGEST_MAX_AGE, settings.SIGNING_KEY_LEAD // 4))
