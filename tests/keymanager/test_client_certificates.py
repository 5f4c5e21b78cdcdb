"""Mutual TLS, with what the gateway says of a certificate (the real one: tests/gateway/test_client_certificates.py)."""

from __future__ import annotations

import base64
import datetime
import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.test import Client as Browser, RequestFactory

from gateway import node_key
from keymanager import client_certificates, errors
from keymanager.client_authentication import certificates
from tests.keymanager.conftest import CALLBACK, Registered, basic, code_for

pytestmark = pytest.mark.django_db
GRANT = {"grant_type": "client_credentials"}
NAME = "CN=scanner,O=Photo Press,C=DE"
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def jwk(self) -> dict[str, Any]:
        return dict(jwt.algorithms.ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True))


def issued(name: str = NAME, by: Issued | None = None, *, key: Any = None, days: int = 0, **extensions: Any) -> Issued:
    """A certificate for `name`, signed by itself or `by` another, its validity moved by so many days."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.UTC) + DAY * days
    subject = x509.Name.from_rfc4514_string(name)
    builder = x509.CertificateBuilder(by.certificate.subject if by else subject, subject, key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + DAY)
    for extension in extensions.values():
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key)


def authority(name: str = "CN=Press CA", by: Issued | None = None, path_length: int | None = None) -> Issued:
    return issued(name, by, constraints=x509.BasicConstraints(ca=True, path_length=path_length))


@pytest.fixture
def ca(settings: Any, tmp_path: Path) -> Issued:
    """The certificate authority that the operator trusts for clients."""
    made = authority()
    (tmp_path / "clients.pem").write_text(made.pem)
    settings.CLIENT_CA_FILE = str(tmp_path / "clients.pem")
    return made


@pytest.fixture(autouse=True)
def _gateway_state(settings: Any, tmp_path: Path) -> None:
    settings.GATEWAY_STATE = tmp_path / "gateway"


def told(*chain: Issued) -> dict[str, str]:
    """The headers by which the gateway tells of a certificate."""
    pem = quote("".join(one.pem for one in chain))
    return {"X-Forwarded-Client-Cert": f'Hash=00;Chain="{pem}"', "X-Gateway-Proof": node_key.proof()}


def post(registered: Registered, headers: dict[str, str], **form: str) -> Any:
    return Browser().post("/oauth2/token", GRANT | {"client_id": registered.id} | form, headers=headers)


@pytest.fixture
def certified(register: Callable[..., Registered]) -> Callable[..., Registered]:
    def registered(method: str = "tls_client_auth", **metadata: Any) -> Registered:
        return register(metadata={"token_endpoint_auth_method": method, **metadata})

    return registered


@pytest.mark.rfc("8705#2.1")
@pytest.mark.parametrize(
    ("registered", "is_it"),
    [
        ("CN=scanner,O=Photo Press,C=DE", True),
        ("cn=Scanner, o=photo  press, c=de", False),  # RFC 4514 2: no space after a comma
        ("CN=Scanner,O=photo  press,C=de", True),
        ("2.5.4.3=scanner,O=Photo Press,C=DE", True),
        ("C=DE,O=Photo Press,CN=scanner", False),
        ("CN=scanner,O=Photo Press", False),
        ("CN=scanner+O=Photo Press,C=DE", False),
        ("CN=other,O=Photo Press,C=DE", False),
        ("nonsense", False),
    ],
)
def test_a_certificate_of_a_known_authority_proves_the_subject(
    ca: Issued, certified: Callable[..., Registered], registered: str, is_it: bool
) -> None:
    scanner = certified(tls_client_auth_subject_dn=registered)

    assert post(scanner, told(issued(by=ca))).status_code == (200 if is_it else 401)


SAN = x509.SubjectAlternativeName(
    [
        x509.DNSName("Scanner.example"),
        x509.UniformResourceIdentifier("https://scanner.example/me"),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.RFC822Name("scanner@Press.example"),
    ]
)


@pytest.mark.rfc("8705#2.1.2")
@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("dns", "scanner.example", "other.scanner.example"),
        ("uri", "https://scanner.example/me", "https://scanner.example/ME"),
        ("ip", "2001:0db8:0::1", "nonsense"),
        ("email", "scanner@press.example", "Scanner@press.example"),
    ],
)
def test_an_alternative_name_proves_it_too(
    ca: Issued, certified: Callable[..., Registered], kind: str, right: str, wrong: str
) -> None:
    leaf = told(issued(by=ca, names=SAN))

    assert post(certified(**{f"tls_client_auth_san_{kind}": right}), leaf).status_code == 200
    assert post(certified(**{f"tls_client_auth_san_{kind}": wrong}), leaf).status_code == 401
    assert post(certified(**{f"tls_client_auth_san_{kind}": right}), told(issued(by=ca))).status_code == 401


@pytest.mark.rfc("8705#2.1.2")
def test_exactly_one_name_is_registered(ca: Issued, certified: Callable[..., Registered]) -> None:
    leaf = told(issued(by=ca, names=SAN))

    assert post(certified(), leaf).status_code == 401
    two = certified(tls_client_auth_subject_dn=NAME, tls_client_auth_san_dns="scanner.example")
    assert post(two, leaf).status_code == 401


def test_a_chain_leads_over_others_to_the_authority(ca: Issued, certified: Callable[..., Registered]) -> None:
    scanner = certified(tls_client_auth_subject_dn=NAME)
    middle = authority("CN=Middle CA", by=ca)
    leaf = issued(by=middle)

    assert post(scanner, told(leaf, middle)).status_code == 200
    assert post(scanner, told(leaf)).status_code == 401


@pytest.mark.rfc("8705#2.1")
def test_such_a_certificate_proves_nothing(ca: Issued, certified: Callable[..., Registered]) -> None:
    scanner = certified(tls_client_auth_subject_dn=NAME)
    leaf = issued(by=ca)
    servers = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    bad = [issued(), issued(by=authority()), issued(by=leaf), issued(by=ca, days=-2), issued(by=ca, days=2)]

    for certificate in [*bad, issued(by=ca, usage=servers)]:
        answer = post(scanner, told(certificate, leaf))
        assert answer.json() == {"error": "invalid_client", "error_description": "Client Authentication failed."}


def test_without_authorities_nobody_is_believed(
    ca: Issued, certified: Callable[..., Registered], settings: Any
) -> None:
    settings.CLIENT_CA_FILE = ""

    assert post(certified(tls_client_auth_subject_dn=NAME), told(issued(by=ca))).status_code == 401


@pytest.mark.rfc("8705#2.2")
def test_a_self_signed_certificate_is_known_by_itself_or_by_its_key(certified: Callable[..., Registered]) -> None:
    own, other = issued(), issued()
    x5c = {**other.jwk, "x5c": [base64.b64encode(own.der).decode()]}

    for key in (own.jwk, x5c):
        scanner = certified("self_signed_tls_client_auth", jwks={"keys": [{"kty": "EC"}, key]})
        assert post(scanner, told(own)).status_code == 200
        assert post(scanner, told(issued())).status_code == 401


@pytest.mark.parametrize("days", [-2, 2])
def test_a_self_signed_certificate_is_good_in_its_time(certified: Callable[..., Registered], days: int) -> None:
    own = issued(days=days)
    scanner = certified("self_signed_tls_client_auth", jwks={"keys": [own.jwk]})

    assert post(scanner, told(own)).status_code == 401


def test_a_weak_key_proves_nothing(certified: Callable[..., Registered]) -> None:
    weak = issued(key=rsa.generate_private_key(65537, 1024))  # noqa: S505
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(weak.key.public_key(), as_dict=True)
    scanner = certified(
        "self_signed_tls_client_auth", jwks={"keys": [jwk | {"x5c": [base64.b64encode(weak.der).decode()]}]}
    )

    assert post(scanner, told(weak)).status_code == 401


def test_only_the_gateway_is_believed(certified: Callable[..., Registered]) -> None:
    own = issued()
    scanner = certified("self_signed_tls_client_auth", jwks={"keys": [own.jwk]})
    headers = told(own)

    for proof in ("", "x", "é", node_key.ensure()):
        assert post(scanner, headers | {"X-Gateway-Proof": proof}).status_code == 401
    node_key.path().unlink()
    assert post(scanner, headers).status_code == 401


@pytest.mark.parametrize("header", ["", "x", 'Chain="x"', 'Chain="%"', "Chain=", 'Chain="-----BEGIN CERTIFICATE-----"'])
def test_what_is_no_certificate_is_none(certified: Callable[..., Registered], header: str) -> None:
    scanner = certified("self_signed_tls_client_auth", jwks={"keys": [issued().jwk]})

    answer = post(scanner, {"X-Forwarded-Client-Cert": header, "X-Gateway-Proof": node_key.proof()})

    assert answer.json()["error"] == "invalid_client"


@pytest.mark.rfc("6749#2.3")
def test_beside_a_certificate_a_secret_is_one_too_many(
    certified: Callable[..., Registered], printer: Registered
) -> None:
    own = issued()
    scanner = certified("self_signed_tls_client_auth", jwks={"keys": [own.jwk]})

    assert post(scanner, told(own) | basic(scanner)).json()["error"] == "invalid_request"
    assert post(printer, told(own) | basic(printer)).status_code == 200


def bound(headers: dict[str, str], registered: Registered) -> dict[str, str]:
    return certificates.confirmation(RequestFactory().post("/oauth2/token", headers=headers), registered.client)


@pytest.mark.rfc("8705#3.1")
def test_who_asks_for_it_gets_tokens_that_are_bound(register: Callable[..., Registered], printer: Registered) -> None:
    own = issued()
    scanner = register(metadata={"tls_client_certificate_bound_access_tokens": True})
    digest = base64.urlsafe_b64encode(hashlib.sha256(own.der).digest()).decode().rstrip("=")

    assert bound(told(own), scanner) == {"x5t#S256": digest}
    assert bound(told(own), printer) == {}


def test_who_asks_for_bound_tokens_has_to_show_a_certificate(register: Callable[..., Registered]) -> None:
    scanner = register(metadata={"tls_client_certificate_bound_access_tokens": True})

    with pytest.raises(errors.InvalidRequest):
        bound({}, scanner)
    with pytest.raises(errors.InvalidRequest):
        bound(told(issued(days=-2)), scanner)


@pytest.mark.rfc("fapi-2.0#5.3.2.1")
def test_under_fapi_a_certificate_binds_where_no_other_key_does(register: Callable[..., Registered]) -> None:
    bank, own = register(metadata={"security_profile": "fapi-2.0"}), issued()

    assert set(bound(told(own), bank)) == {"x5t#S256"}
    assert bound(told(own) | {"DPoP": "x"}, bank) == bound({}, bank) == {}


@pytest.fixture
def bound_printer(register: Callable[..., Registered]) -> Registered:
    return register(metadata={"tls_client_certificate_bound_access_tokens": True})


@pytest.mark.rfc("8705#3")
@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_a_bound_token_is_for_who_presents_its_certificate(
    bobs_browser: Browser, bound_printer: Registered, token_format: str
) -> None:
    bound_printer.client.access_token_format = token_format
    bound_printer.client.save(update_fields=["access_token_format"])
    own, form = told(issued()), {"code": code_for(bobs_browser, bound_printer, scope="openid")}
    form |= {"grant_type": "authorization_code", "redirect_uri": CALLBACK}
    token = Browser().post("/oauth2/token", form, headers=own | basic(bound_printer)).json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}

    answers = [Browser().get("/oauth2/userinfo", headers=bearer | shown) for shown in (own, {}, told(issued()))]

    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert 'error="invalid_token"' in answers[1]["WWW-Authenticate"]


@pytest.mark.rfc("8705#3.2")
def test_introspection_tells_what_a_token_is_bound_to(bound_printer: Registered) -> None:
    own = told(issued())
    token = post(bound_printer, own | basic(bound_printer)).json()["access_token"]

    answer = Browser().post("/oauth2/introspect", {"token": token}, headers=basic(bound_printer)).json()

    assert answer["cnf"] == bound(own, bound_printer)


def test_without_its_certificate_nothing_is_issued(bound_printer: Registered) -> None:
    answer = post(bound_printer, basic(bound_printer)).json()

    assert answer["error_description"] == "This application must present its client certificate."


def test_the_metadata_names_the_method_and_the_aliases(ca: Issued) -> None:
    document = Browser().get("/.well-known/oauth-authorization-server").json()

    assert {"tls_client_auth", "self_signed_tls_client_auth"} <= set(document["token_endpoint_auth_methods_supported"])
    assert document["tls_client_certificate_bound_access_tokens"] is True
    assert document["mtls_endpoint_aliases"]["token_endpoint"] == "https://localhost:8243/token"
    assert document["mtls_endpoint_aliases"]["introspection_endpoint"] == "https://localhost:8243/introspect"


def test_the_proof_is_the_same_on_both_sides() -> None:
    proof = hmac.new(node_key.ensure().encode(), client_certificates.PURPOSE, hashlib.sha256).hexdigest()

    assert node_key.proof() == proof
