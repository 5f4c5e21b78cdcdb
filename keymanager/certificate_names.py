"""Whether a certificate bears the name that a client registered (RFC 8705 2.1.2)."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from keymanager.models import Client

# Names of attributes that RFC 4514 3 does not list and certificates have.
ATTRIBUTES = {
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "E": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "SN": NameOID.SURNAME,
    "GN": NameOID.GIVEN_NAME,
    "title": NameOID.TITLE,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
    "businessCategory": NameOID.BUSINESS_CATEGORY,
    "jurisdictionC": NameOID.JURISDICTION_COUNTRY_NAME,
}


def matches(certificate: x509.Certificate, client: Client) -> bool:
    """RFC 8705 2.1.2: a client "MUST use exactly one" of the members; several, or none, match nothing."""
    registered = {name: value for name in CHECKS if (value := client.registered(name)) is not None}
    if len(registered) != 1:
        return False
    ((name, value),) = registered.items()
    return CHECKS[name](certificate, value)


def has_subject(certificate: x509.Certificate, expected: str) -> bool:
    """RFC 4514 text, compared attribute by attribute (distinguishedNameMatch, RFC 4517 4.2.15)."""
    try:
        name = x509.Name.from_rfc4514_string(expected, ATTRIBUTES)
    except ValueError:
        return False
    return bool(name.rdns) and comparable(name) == comparable(certificate.subject)


def comparable(name: x509.Name) -> list[frozenset[tuple[str, str]]]:
    """caseIgnoreMatch (RFC 4517 4.2.11): neither case nor the number of spaces matters, the order of RDNs does."""
    return [
        frozenset((attribute.oid.dotted_string, " ".join(str(attribute.value).split()).casefold()) for attribute in rdn)
        for rdn in name.rdns
    ]


def alternative_names(certificate: x509.Certificate, kind: Any) -> list[Any]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return []
    return list(extension.value.get_values_for_type(kind))


def has_dns(certificate: x509.Certificate, expected: str) -> bool:
    """Without wildcards: a client is one host (RFC 4343: case does not matter)."""
    return expected.lower() in [name.lower() for name in alternative_names(certificate, x509.DNSName)]


def has_uri(certificate: x509.Certificate, expected: str) -> bool:
    return expected in alternative_names(certificate, x509.UniformResourceIdentifier)


def has_ip(certificate: x509.Certificate, expected: str) -> bool:
    """By value, so that an IPv6 address may be written in any way (RFC 8705 2.1.2)."""
    try:
        address = ipaddress.ip_address(expected)
    except ValueError:
        return False
    return address in alternative_names(certificate, x509.IPAddress)


def has_email(certificate: x509.Certificate, expected: str) -> bool:
    """RFC 5280 7.5: the host part without regard to case, the local part exactly."""
    return domain_lowered(expected) in map(domain_lowered, alternative_names(certificate, x509.RFC822Name))


def domain_lowered(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return local + at + domain.lower()


CHECKS: dict[str, Callable[[x509.Certificate, str], bool]] = {
    "tls_client_auth_subject_dn": has_subject,
    "tls_client_auth_san_dns": has_dns,
    "tls_client_auth_san_uri": has_uri,
    "tls_client_auth_san_ip": has_ip,
    "tls_client_auth_san_email": has_email,
}
