"""The certificate that a caller presented in TLS (RFC 8705 2), as our own gateway tells it, and what it is worth."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from keymanager import checksums, client_keys
from keymanager.client_keys import Jwk

log = logging.getLogger(__name__)

HEADER = "X-Forwarded-Client-Cert"
PROOF = "X-Gateway-Proof"
PURPOSE = b"client certificates"
CHAIN = re.compile(r'(?:[^",]*;)?Chain="([^"]{1,40000})"')
MOST_CERTIFICATES = 6


@dataclass(frozen=True)
class Presented:
    """A certificate whose private key the caller has, and those that were sent with it."""

    certificate: x509.Certificate
    others: list[x509.Certificate]

    @property
    def thumbprint(self) -> str:
        """RFC 8705 3.1: `x5t#S256`, the base64url SHA-256 of the DER."""
        return checksums.s256(self.certificate.public_bytes(Encoding.DER))


def presented(request: HttpRequest) -> Presented | None:
    """None for no certificate, and for a header that does not come from our own gateway: anybody can write one."""
    header = request.headers.get(HEADER)
    if header is None or not is_from_gateway(request):
        return None
    found = CHAIN.fullmatch(header)
    try:
        chain = x509.load_pem_x509_certificates(unquote(found[1]).encode()) if found else []
    except ValueError as fault:
        log.info("client certificate cannot be read: %s", fault)
        return None
    return Presented(chain[0], chain[1:]) if 0 < len(chain) <= MOST_CERTIFICATES else None


def is_from_gateway(request: HttpRequest) -> bool:
    """Whether the request shows what only one who knows the gateway's key can know (gateway/node_key.py)."""
    shown = request.headers.get(PROOF, "")
    path = Path(settings.GATEWAY_STATE) / "key"
    if not shown or not path.exists():
        return False
    proof = hmac.new(path.read_bytes(), PURPOSE, hashlib.sha256).hexdigest()
    return hmac.compare_digest(shown.encode(errors="replace"), proof.encode())


def is_current(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_before_utc <= timezone.now() <= certificate.not_valid_after_utc


def is_trusted(presented: Presented) -> bool:
    """RFC 5280 6: a chain to a certificate authority that the operator named for clients."""
    path = settings.CLIENT_CA_FILE
    if not path:
        return False
    try:
        verifier(path, Path(path).stat().st_mtime_ns).time(timezone.now()).build_client_verifier().verify(
            presented.certificate, presented.others
        )
    except verification.VerificationError as fault:
        log.info("client certificate is not trusted: %s", fault)
        return False
    return True


@lru_cache(maxsize=4)
def verifier(path: str, changed: int) -> verification.PolicyBuilder:
    """What the certificates in a file vouch for; read again when the file was changed.

    Unlike in the web's own public key infrastructure, a client certificate need not have a subjectAltName.
    """
    store = verification.Store(x509.load_pem_x509_certificates(Path(path).read_bytes()))
    agnostic = verification.Criticality.AGNOSTIC
    any_extension = verification.ExtensionPolicy.permit_all()
    authority = any_extension.require_present(x509.BasicConstraints, agnostic, check_authority)
    authority = authority.may_be_present(x509.KeyUsage, agnostic, check_signs_certificates)
    client = any_extension.may_be_present(x509.ExtendedKeyUsage, agnostic, check_is_for_clients)
    return verification.PolicyBuilder().store(store).extension_policies(ca_policy=authority, ee_policy=client)


def check_authority(policy: object, certificate: x509.Certificate, extension: x509.BasicConstraints) -> None:
    """RFC 5280 4.2.1.9."""
    if not extension.ca:
        raise ValueError("not a certificate authority")


def check_signs_certificates(policy: object, certificate: x509.Certificate, extension: x509.KeyUsage | None) -> None:
    """RFC 5280 4.2.1.3."""
    if extension is not None and not extension.key_cert_sign:
        raise ValueError("a key that must not sign certificates")


def check_is_for_clients(
    policy: object, certificate: x509.Certificate, extension: x509.ExtendedKeyUsage | None
) -> None:
    """RFC 5280 4.2.1.12."""
    usages = {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if extension is not None and usages.isdisjoint(extension):
        raise ValueError("a certificate that is not for clients")


def is_one_of(certificate: x509.Certificate, keys: list[Jwk]) -> bool:
    """RFC 8705 2.2: whether one of the JWKs has this certificate, or its key. A weak key proves nothing."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < client_keys.SMALLEST_RSA:
        return False
    der = certificate.public_bytes(Encoding.DER)
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return any(first_certificate(jwk) == der or client_keys.public_key_info(jwk) == spki for jwk in keys)


def first_certificate(jwk: Jwk) -> bytes | None:
    """RFC 7517 4.7: the first of `x5c` is the key's own, in base64 (not base64url)."""
    chain = jwk.get("x5c")
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        return None
    try:
        return base64.b64decode(chain[0])
    except (binascii.Error, ValueError):
        return None
