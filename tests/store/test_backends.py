"""Certificates and keys for backends that this machine reads and no Envoy does, and hosts that have no name."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes as Key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from accounts import sealing
from store import backends, endpoints
from store.backends import Backend

USUAL = rsa.generate_private_key(65537, 2048)
# Of what a certificate says of its key: RSA, and RSA for RSASSA-PSS alone (RFC 4055 1.2), as long in DER.
ANY_RSA, PSS_ONLY = bytes.fromhex("06092a864886f70d0101010500"), bytes.fromhex("06092a864886f70d01010a3000")


def certificate(key: Key) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gateway")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def of(der: bytes, key: Key, form: PrivateFormat = PrivateFormat.PKCS8) -> Backend:
    body = base64.encodebytes(der).decode()
    private = key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()
    shown = f"-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
    return Backend(certificate=shown, sealed_key=sealing.seal(private))


def of_large_exponent() -> rsa.RSAPrivateKey:
    numbers = USUAL.private_numbers()
    p, q, e = numbers.p, numbers.q, 2**64 + 13
    d = pow(e, -1, (p - 1) * (q - 1))
    rest = rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, d, *rest, rsa.RSAPublicNumbers(e, p * q)).private_key()


def test_key_for_pss_alone_is_refused() -> None:
    der = certificate(USUAL)
    assert der.count(ANY_RSA) == 1

    with pytest.raises(ValueError, match="has its key in a form that gateways do not read"):
        backends.check_certificate(of(der.replace(ANY_RSA, PSS_ONLY), USUAL))

    backends.check_certificate(of(der, USUAL))


def test_key_of_a_large_exponent_is_refused() -> None:
    key = of_large_exponent()

    with pytest.raises(ValueError, match="The private key must be RSA with 2048 to 8192 bits"):
        backends.check_certificate(of(certificate(key), key))


@pytest.mark.parametrize("key", [USUAL, ec.generate_private_key(ec.SECP384R1())])
def test_gateways_are_told_a_key_in_one_form(key: Key) -> None:
    forms = [of(certificate(key), key, form) for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL)]

    for backend in forms:
        backends.check_certificate(backend)
    assert {backends.usual_key(backend) for backend in forms} == {sealing.unseal(forms[0].sealed_key)}


@pytest.mark.parametrize(("letters", "is_taken"), [(61, True), (62, False)])
def test_host_is_as_long_as_a_name_may_be(letters: int, is_taken: bool) -> None:
    """RFC 1035 2.3.4; of a longer one Envoy takes no name for the handshake."""
    url = f"https://{'.'.join(['a' * 63, 'b' * 63, 'c' * 63, 'd' * letters])}"

    if is_taken:
        assert len(endpoints.endpoint(url).host) == 253
    else:
        with pytest.raises(ValueError, match="names no host"):
            endpoints.endpoint(url)
