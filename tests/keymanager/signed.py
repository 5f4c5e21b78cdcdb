"""What a client signs with keys of its own, for tests."""

from __future__ import annotations

import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from tests.keymanager.conftest import CALLBACK, Registered

ISSUER = "https://localhost:9443"


@cache
def key(alg: str, number: int) -> Any:
    """A private key for `alg`, the same each time for the same number."""
    if alg == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return ed25519.Ed25519PrivateKey.generate() if alg == "EdDSA" else rsa.generate_private_key(65537, 2048)


def jwks(alg: str = "ES256") -> dict[str, Any]:
    kinds: dict[str, Any] = {"ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
    jwk = json.loads(kinds.get(alg, RSAAlgorithm).to_jwk(key(alg, 1).public_key()))
    return {"keys": [jwk | {"kid": "k", "use": "sig"}]}


def request_object(
    registered: Registered, *, alg: str = "ES256", number: int = 1, typ: str = "JWT", **changes: Any
) -> str:
    """A good one; a change to None leaves that claim out."""
    now = int(time.time())
    claims: dict[str, Any] = {
        "iss": registered.id,
        "aud": ISSUER,
        "nbf": now,
        "exp": now + 60,
        "client_id": registered.id,
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "photos:read",
        "state": "inside",
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key(alg, number), algorithm=alg, headers={"kid": "k", "typ": typ})
