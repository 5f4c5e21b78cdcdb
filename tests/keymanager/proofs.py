"""DPoP proofs (RFC 9449 4.2) as a client makes them, right and wrong ones. Nothing of the key manager is used."""

from __future__ import annotations

import base64
import hashlib
import json
import time
import uuid
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from tests.keymanager.keys import SIGNER

TOKEN = "https://localhost:9443/oauth2/token"
USERINFO = "https://localhost:9443/oauth2/userinfo"
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
THUMBPRINT_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def digest(text: str) -> str:
    return encoded(hashlib.sha256(text.encode()).digest())


class Holder:
    """A client's key pair."""

    def __init__(self, key: PrivateKey | None = None, algorithm: str = "ES256") -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.algorithm = algorithm

    @property
    def jwk(self) -> dict[str, Any]:
        return self.as_jwk(self.key.public_key())

    @property
    def private_jwk(self) -> dict[str, Any]:
        return self.as_jwk(self.key)

    def as_jwk(self, key: Any) -> dict[str, Any]:
        made: dict[str, Any] = SIGNER.get_algorithm_by_name(self.algorithm).to_jwk(key, as_dict=True)
        return {name: value for name, value in made.items() if name not in {"key_ops", "use", "alg"}}

    @property
    def thumbprint(self) -> str:
        members = {name: self.jwk[name] for name in THUMBPRINT_MEMBERS[self.jwk["kty"]]}
        return digest(json.dumps(members, sort_keys=True, separators=(",", ":")))

    def proof(self, htu: str = TOKEN, htm: str = "POST", *, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """Changes replace members; None takes one away."""
        content = {"jti": uuid.uuid4().hex, "htm": htm, "htu": htu, "iat": int(time.time())} | claims
        head = {"typ": "dpop+jwt", "alg": self.algorithm, "jwk": self.jwk} | (header or {})
        return self.signed(json.dumps(without_none(head)), json.dumps(without_none(content)))

    def signed(self, header: str, claims: str) -> str:
        text = f"{encoded(header.encode())}.{encoded(claims.encode())}"
        signature = SIGNER.get_algorithm_by_name(self.algorithm).sign(text.encode(), self.key)
        return f"{text}.{encoded(signature)}"

    def for_token(self, access_token: str, htu: str = USERINFO, htm: str = "GET", **claims: Any) -> dict[str, str]:
        """The headers of a request of a resource."""
        proof = self.proof(htu, htm, **({"ath": digest(access_token)} | claims))
        return {"Authorization": f"DPoP {access_token}", "DPoP": proof}


def without_none(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
