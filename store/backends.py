"""How the gateway treats the backend of an API, and which pages of other sites may call it: Api.backend, Api.cors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard

from cryptography import x509
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from accounts import sealing
from store.endpoints import endpoint

HEADER = re.compile(r"[A-Za-z0-9-]{1,60}")
# What the gateway itself says to a backend, or what makes a message.
TAKEN = frozenset(
    {"authorization", "host", "connection", "content-length", "transfer-encoding", "te", "upgrade", "x-jwt-assertion"}
)
VALUE = re.compile(r"[\x21-\x7e]{1,2000}")
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, InvalidTag)
PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----[A-Za-z0-9+/=\s-]+-----END [A-Z0-9 ]+-----\s*", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Backend:
    """`timeout` in seconds, 0: what the settings say. `retries` of idempotent methods only (RFC 9110 9.2.2).
    `connections`, `waiting`, `requests`: where a circuit opens. The secrets are sealed, and never shown.
    `authorization`: the backend gets the access token, to verify it by itself; `assertion`: X-JWT-Assertion."""

    timeout: int = 0
    retries: int = 1
    health_path: str = ""
    connections: int = 1024
    waiting: int = 1024
    requests: int = 1024
    secret_header: str = ""
    sealed_secret: str = ""
    certificate: str = ""
    sealed_key: str = ""
    authorization: bool = False
    assertion: bool = False

    def kept(self) -> dict[str, Any]:
        """Only what differs from the rule."""
        return {name: value for name, value in asdict(self).items() if value != getattr(Backend, name)}


@dataclass(frozen=True, kw_only=True)
class Cors:
    origins: Sequence[str] = ()
    credentials: bool = False

    def kept(self) -> dict[str, Any]:
        return {"origins": list(self.origins), "credentials": self.credentials} if self.origins else {}


def sealed(secret: str) -> str:
    return sealing.seal(secret) if secret else ""


def check_secret(header: str, value: str) -> None:
    """ValueError with one sentence."""
    if not HEADER.fullmatch(header) or header.lower() in TAKEN or header.lower().startswith(("x-envoy-", "x-gateway-")):
        raise ValueError(f"The header {header} cannot carry a secret.")
    if value and not VALUE.fullmatch(value):
        raise ValueError("A secret has visible characters of ASCII only, without spaces.")


def check_pem(text: str) -> None:
    if not PEM.match(text):
        raise ValueError("This is not in PEM form (-----BEGIN …).")


def check_certificate(backend: Backend) -> None:
    """ValueError with one sentence where an Envoy would refuse the certificate, and with it every backend."""
    if not backend.certificate:
        return
    try:
        certificate = x509.load_pem_x509_certificates(backend.certificate.encode())[0]
        shown = certificate.public_key()
        written = shown.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UNREADABLE:
        raise ValueError("The client certificate cannot be read.") from None
    try:
        key = key_of(backend)
    except UNREADABLE:
        raise ValueError("The private key cannot be read; it must not be locked by a password.") from None
    if not is_usable(key):
        raise ValueError("The private key must be RSA with 2048 to 8192 bits, or on P-256, P-384 or P-521.")
    if key.public_key() != shown:
        raise ValueError("The private key is not the one of the client certificate.")
    if written not in certificate.tbs_certificate_bytes:
        # RFC 4055 1.2 and RFC 3279 2.3.5: for RSASSA-PSS alone, a curve that is described instead of named.
        raise ValueError("The client certificate has its key in a form that gateways do not read.")


def key_of(backend: Backend) -> PrivateKeyTypes:
    return load_pem_private_key(sealing.unseal(backend.sealed_key).encode(), password=None)


def usual_key(backend: Backend) -> str:
    """The private key in the one form that every Envoy reads, whichever it was given in."""
    return key_of(backend).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def is_usable(key: object) -> TypeGuard[rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey]:
    if isinstance(key, rsa.RSAPrivateKey):
        return 2048 <= key.key_size <= 8192 and key.public_key().public_numbers().e < 2**33
    return isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, CURVES)


def check_origin(origin: str) -> None:
    """RFC 6454 6.1: a scheme, a host and a port, as browsers write them; or * for all. ValueError with one sentence."""
    if origin == "*":
        return
    try:
        found = endpoint(origin)
    except ValueError:
        found = None
    if found is None or origin != f"{found.scheme}://{found.authority}":
        raise ValueError(
            f"{origin} is no origin: write it as browsers do, like https://app.example, in small letters and without "
            "the usual port; or * for all."
        )
