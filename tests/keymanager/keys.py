"""Key pairs of clients, and what they sign with them."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from keymanager import signing_keys
from keymanager.signing_keys import PrivateKey

MAKERS: dict[str, Any] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}
MAKERS["RS256"] = MAKERS["PS256"]
MAKERS["Ed25519"] = MAKERS["EdDSA"]
SIGNER = jwt.PyJWS()
SIGNER.register_algorithm("Ed25519", jwt.get_algorithm_by_name("EdDSA"))


@dataclass(frozen=True)
class Pair:
    """A private key, its algorithm, and the public JWK that its owner publishes."""

    private: Any
    alg: str
    kid: str

    @property
    def jwk(self) -> dict[str, Any]:
        public: dict[str, Any] = SIGNER.get_algorithm_by_name(self.alg).to_jwk(self.private.public_key(), as_dict=True)
        return {**public, "kid": self.kid, "use": "sig"}

    @property
    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.jwk]}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """By PyJWS, which lets any claim pass."""
        headers = {"kid": self.kid} | header
        return SIGNER.encode(json.dumps(claims).encode(), self.private, algorithm=self.alg, headers=headers)


@cache
def pair(alg: str = "ES256", kid: str = "one") -> Pair:
    """Made once a run: an RSA key takes long."""
    return Pair(MAKERS[alg](), alg, kid)


def claims(issuer: str, **changes: Any) -> dict[str, Any]:
    """Those of a good assertion of `issuer` about itself; a change to None leaves that claim out."""
    now = int(time.time())
    good: dict[str, Any] = {"iss": issuer, "sub": issuer, "aud": "https://localhost:9443", "jti": str(uuid.uuid4())}
    good |= {"iat": now, "exp": now + 60}
    return {name: value for name, value in (good | changes).items() if value is not None}


# The portal's own maker; the name in its module belongs to the tests (conftest.py).
MAKE_SIGNING_KEY = signing_keys.generate


def signing_key_maker() -> Callable[[str], PrivateKey]:
    """Makes signing keys as the portal does, all different; the next maker's RSA keys are the same, in this order."""
    count = itertools.count()
    return lambda algorithm: MAKE_SIGNING_KEY(algorithm) if algorithm == "ES256" else rsa_signing_key(next(count))


@cache
def rsa_signing_key(number: int) -> PrivateKey:
    return MAKE_SIGNING_KEY("RS256")
