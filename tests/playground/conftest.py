"""A browser, and the servers it and the playground talk to."""

from __future__ import annotations

import datetime
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import Client

from tests.playground.peer import Peer


@dataclass(frozen=True)
class Authority:
    """A certificate authority that has signed one certificate for localhost."""

    file: str
    tls: ssl.SSLContext


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, issuer_key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    is_ca = subject == issuer
    builder = x509.CertificateBuilder(_name(issuer), _name(subject), key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1))
    builder = builder.not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(is_ca, None), critical=True)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
    )
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    if is_ca:
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        builder = builder.add_extension(usage, critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _authority(folder: Path) -> Authority:
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca = _certificate("Test CA", ca_key, "Test CA", ca_key)
    localhost = _certificate("localhost", key, "Test CA", ca_key)
    pem, no_password = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "localhost.pem").write_bytes(
        localhost.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, no_password)
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "localhost.pem")
    return Authority(str(folder / "ca.pem"), tls)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return _authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another CA: whoever trusts only this one must not talk to the peer."""
    return _authority(tmp_path_factory.mktemp("other-tls"))


@pytest.fixture
def peer(authority: Authority, settings: Any) -> Iterator[Peer]:
    """The other side, running; the playground's settings point at it."""
    peer = Peer(authority.tls)
    settings.PLAYGROUND_CA_FILE = authority.file
    settings.PLAYGROUND_ISSUER = peer.base
    settings.PLAYGROUND_AUTHORIZE_ENDPOINT = f"{peer.base}/oauth2/authorize"
    settings.PLAYGROUND_TOKEN_ENDPOINT = f"{peer.base}/oauth2/token"
    settings.PLAYGROUND_REVOKE_ENDPOINT = f"{peer.base}/oauth2/revoke"
    settings.PLAYGROUND_LOGOUT_ENDPOINT = f"{peer.base}/oauth2/logout"
    settings.PLAYGROUND_USERINFO_ENDPOINT = f"{peer.base}/oauth2/userinfo"
    settings.PLAYGROUND_RESOURCE_URL = f"{peer.base}/photos/1.0"
    yield peer
    peer.stop()


@pytest.fixture
def visitor(db: None) -> Client:
    return Client(headers={"host": "localhost:8080"})


@pytest.fixture(scope="session")
def database_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real file: two threads of a test must meet at SQLite's write lock, as two requests do."""
    from django.db import connections

    file = tmp_path_factory.mktemp("db") / "test.sqlite3"
    connections.settings["default"]["TEST"]["NAME"] = str(file)
    return file


@pytest.fixture(autouse=True)
def _static_files_on_demand(settings: Any) -> None:
    """Looked up when asked for: whitenoise would read every static file for each test client."""
    settings.WHITENOISE_AUTOREFRESH = True
