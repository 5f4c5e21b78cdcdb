"""X.509 for localhost: a certificate authority for this machine's names only, and a server certificate."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = "API manager demo CA"
LOCAL = ("localhost", "127.0.0.1", "::1")
AUTHORITY_LIFE = dt.timedelta(days=5 * 365)
SERVER_LIFE = dt.timedelta(days=397)  # the longest life that browsers accept, plus nothing
RENEW_BEFORE = dt.timedelta(days=30)
CLOCK_SKEW = dt.timedelta(hours=1)


@dataclass(frozen=True)
class Pair:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def __post_init__(self) -> None:
        if self.certificate.public_key() != self.key.public_key():
            raise ValueError("the certificate belongs to another key")

    @classmethod
    def parse(cls, certificate: bytes, key: bytes) -> Pair:
        """From PEM. Raises ValueError when the two are damaged or do not belong together."""
        private = serialization.load_pem_private_key(key, password=None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError("not an elliptic curve key")
        return cls(x509.load_pem_x509_certificate(certificate), private)

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """PKCS #8, the only form that granian reads."""
        form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding.PEM, form, none)


def make_authority(hosts: Iterable[str], now: dt.datetime) -> Pair:
    """Its name constraints (RFC 5280 4.2.1.10) make it worthless to a thief: no other host name is believed.

    Addresses are not constrained: Envoy (BoringSSL) refuses every certificate below an authority that does so.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    constraints = x509.NameConstraints(host_names(hosts), None)
    builder = (
        begin(name, key.public_key(), now, now + AUTHORITY_LIFE)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    return Pair(builder.sign(key, hashes.SHA256()), key)


def make_server(authority: Pair, hosts: Iterable[str], now: dt.datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    issuer = authority.certificate
    builder = (
        begin(name, key.public_key(), now, min(now + SERVER_LIFE, issuer.not_valid_after_utc))
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([general_name(host) for host in with_local(hosts)]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False)
    )
    return Pair(builder.sign(authority.key, hashes.SHA256()), key)


def vouches_for(authority: Pair, hosts: Iterable[str], now: dt.datetime) -> bool:
    """Whether it may sign for all of `hosts` and lives long enough to be worth keeping."""
    constraints = authority.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    permitted = set(constraints.permitted_subtrees or [])
    lives = authority.certificate.not_valid_after_utc - now > 2 * RENEW_BEFORE
    return lives and permitted >= set(host_names(hosts))


def is_current(server: Pair, authority: Pair, hosts: Iterable[str], now: dt.datetime) -> bool:
    """Whether it was signed by this authority, names exactly `hosts` and does not expire within thirty days."""
    try:
        server.certificate.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    names = server.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    lives = server.certificate.not_valid_after_utc - now > RENEW_BEFORE
    return lives and set(names) == {general_name(host) for host in with_local(hosts)}


def begin(
    subject: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime, until: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def with_local(hosts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*LOCAL, *(host.lower() for host in hosts)]))


def general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def host_names(hosts: Iterable[str]) -> list[x509.DNSName]:
    names = [general_name(host) for host in with_local(hosts)]
    return [name for name in names if isinstance(name, x509.DNSName)]
