"""The key that signs tokens: made on first use, sealed at rest, published as JWKS (RFC 7517)."""

from __future__ import annotations

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone
from jwt.algorithms import ECAlgorithm

from keymanager import checksums
from keymanager.models import SigningKey

ALGORITHM = "ES256"
PURPOSE = "signing key"
# A key is parsed once and looked for again after this long, so that a new one is taken up without a restart.
REFRESH_SECONDS = 5.0


@dataclass(frozen=True)
class KeySet:
    kid: str
    private_key: ec.EllipticCurvePrivateKey
    public_keys: dict[str, Any]
    jwks: dict[str, Any]
    read_at: float


_cached: KeySet | None = None


def keys() -> KeySet:
    """The key that signs now and every published one, at most REFRESH_SECONDS old."""
    global _cached
    if _cached is None or time.monotonic() - _cached.read_at > REFRESH_SECONDS:
        _cached = read()
    return _cached


def forget() -> None:
    """Read the keys again at the next use."""
    global _cached
    _cached = None


def read() -> KeySet:
    rows = list(published()) or [create()]
    now = timezone.now()
    signer = next((row for row in rows if row.active_from <= now and row.retired_at is None), rows[0])
    return KeySet(
        kid=signer.kid,
        private_key=unseal(signer),
        public_keys={row.kid: jwt.PyJWK(row.public_jwk).key for row in rows},
        jwks={"keys": [row.public_jwk for row in rows]},
        read_at=time.monotonic(),
    )


def published() -> Any:
    return SigningKey.objects.order_by("-active_from", "-pk")


def create() -> SigningKey:
    private_key = ec.generate_private_key(ec.SECP256R1())
    public = json.loads(ECAlgorithm.to_jwk(private_key.public_key()))
    kid = thumbprint(public)
    return SigningKey.objects.create(
        kid=kid,
        algorithm=ALGORITHM,
        public_jwk=public | {"kid": kid, "alg": ALGORITHM, "use": "sig"},
        sealed_private_key=seal(private_key, kid),
    )


def thumbprint(public: dict[str, str]) -> str:
    """RFC 7638 3, of an elliptic curve key."""
    members = json.dumps({name: public[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    return urlsafe_b64encode(hashlib.sha256(members.encode()).digest()).rstrip(b"=").decode()


def seal(private_key: ec.EllipticCurvePrivateKey, kid: str) -> bytes:
    plain = private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return checksums.seal(plain, checksums.derived_key(PURPOSE), kid)


def unseal(row: SigningKey) -> ec.EllipticCurvePrivateKey:
    plain = checksums.unseal(bytes(row.sealed_private_key), checksums.derived_key(PURPOSE), row.kid)
    private_key = serialization.load_der_private_key(plain, password=None)
    if not isinstance(private_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"Signing key {row.kid} is not an elliptic curve key.")
    return private_key


def sign(claims: dict[str, Any], *, typ: str) -> str:
    """A compact JWS of `claims` (RFC 7515), its header naming the key and `typ`."""
    current = keys()
    return jwt.encode(claims, current.private_key, algorithm=ALGORITHM, headers={"typ": typ, "kid": current.kid})
