"""A client that proves itself by a certificate, through a real Envoy (RFC 8705)."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from keymanager import clients
from tests.gateway import certificates, parts
from tests.gateway.conftest import Live


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("own") / "own.pem")


def written(path: Path) -> Path:
    """A self-signed certificate with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = certificates.certificate("scanner", key, "scanner", key, x509.BasicConstraints(ca=False, path_length=None))
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(leaf.public_bytes(serialization.Encoding.PEM) + pem)
    return path


@pytest.fixture(scope="module")
def scanner(live: Live, own: Path) -> str:
    """The client_id of a client that is known by its certificate."""
    key = x509.load_pem_x509_certificate(own.read_bytes()).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    metadata = {
        "token_endpoint_auth_method": "self_signed_tls_client_auth",
        "jwks": {"keys": [ECAlgorithm.to_jwk(key, as_dict=True)]},
        "tls_client_certificate_bound_access_tokens": True,
    }
    with live.store.in_place():
        client, _ = clients.register(
            name="Scanner",
            public=False,
            grant_types=["client_credentials"],
            redirect_uris=[],
            metadata=metadata,
            access_token_claims={"subscriptions": {"echo/1.0": "Gold"}},
        )
    return str(client.client_id)


def digest(own: Path) -> str:
    """RFC 8705 3.1."""
    leaf = x509.load_pem_x509_certificate(own.read_bytes())
    return base64.urlsafe_b64encode(leaf.fingerprint(hashes.SHA256())).decode().rstrip("=")


def call(
    part: parts.Part,
    path: str,
    form: dict[str, str],
    *,
    shown: Path | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    context = ssl.create_default_context(cafile=str(part.var / "tls" / "ca.pem"))
    if shown:
        context.load_cert_chain(shown)
    connection = http.client.HTTPSConnection("localhost", part.port, timeout=10, context=context)
    sent = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
    try:
        connection.request("POST", path, urlencode(form), sent)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


@pytest.mark.rfc("8705#2.2")
def test_a_certificate_gets_a_token_that_is_bound_to_it(live: Live, scanner: str, own: Path) -> None:
    form = {"grant_type": "client_credentials", "client_id": scanner}

    answer = call(live.gateway, "/token", form, shown=own)

    claims = jwt.decode(answer["access_token"], options={"verify_signature": False})
    assert claims["cnf"] == {"x5t#S256": digest(own)}


def test_without_it_and_with_another_there_is_none(live: Live, scanner: str, tmp_path: Path) -> None:
    form = {"grant_type": "client_credentials", "client_id": scanner}

    assert call(live.gateway, "/token", form)["error"] == "invalid_client"
    assert call(live.gateway, "/token", form, shown=written(tmp_path / "x.pem"))["error"] == "invalid_client"


def test_nobody_can_just_say_that_he_has_it(live: Live, scanner: str, own: Path) -> None:
    form = {"grant_type": "client_credentials", "client_id": scanner}
    pem = quote(own.read_text().partition("-----BEGIN PRIVATE")[0])
    said = {"X-Forwarded-Client-Cert": f'Hash=x;Chain="{pem}"'}

    assert call(live.gateway, "/token", form, headers=said)["error"] == "invalid_client"
    assert (
        call(live.portal, "/oauth2/token", form, headers=said | {"X-Gateway-Proof": "x" * 64})["error"]
        == "invalid_client"
    )


def test_a_backend_never_sees_certificate_or_proof(live: Live, scanner: str, own: Path) -> None:
    form = {"grant_type": "client_credentials", "client_id": scanner}
    token = call(live.gateway, "/token", form, shown=own)["access_token"]

    echoed = call(live.gateway, "/echo/1.0/", {}, shown=own, headers={"Authorization": f"Bearer {token}"})

    assert not {"x-forwarded-client-cert", "x-gateway-proof"} & set(echoed["headers"])


def test_every_alias_of_the_metadata_leads_to_its_endpoint(live: Live) -> None:
    document = live.portal.get("/.well-known/openid-configuration").json

    for alias in document["mtls_endpoint_aliases"].values():
        path = alias.removeprefix(f"https://localhost:{live.gateway.port}")
        assert live.gateway.call("POST", path).status in {400, 401}, alias


@pytest.mark.rfc("8705#3")
def test_token_bound_to_a_certificate_opens_the_api_with_it(
    live: Live, scanner: str, own: Path, tmp_path: Path
) -> None:
    form = {"grant_type": "client_credentials", "client_id": scanner}
    token = call(live.gateway, "/token", form, shown=own)["access_token"]
    headers = {"Authorization": f"Bearer {token}"}

    assert call(live.gateway, "/echo/1.0/albums", {}, shown=own, headers=headers)["path"] == "/albums"
    assert "fault" in call(live.gateway, "/echo/1.0/albums", {}, shown=written(tmp_path / "other.pem"), headers=headers)
    assert "fault" in call(live.gateway, "/echo/1.0/albums", {}, headers=headers)
