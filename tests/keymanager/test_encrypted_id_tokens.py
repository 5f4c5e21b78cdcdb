"""ID tokens that only their client can read, and userinfo that is signed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.test import Client as Browser
from jwcrypto import jwe, jwk

from keymanager import signing
from tests.keymanager.conftest import Registered, authorize, code_for, decide, exchange, query_of

pytestmark = pytest.mark.django_db
RSA = jwk.JWK.generate(kty="RSA", size=2048, kid="enc-1", use="enc")
EC = jwk.JWK.generate(kty="EC", crv="P-256", kid="enc-2")
OTHER_CURVES = [jwk.JWK.generate(kty="EC", crv=curve, kid=curve) for curve in ("P-384", "P-521")]


@pytest.fixture
def configured(register: Callable[..., Registered]) -> Callable[..., Registered]:
    def made(**metadata: Any) -> Registered:
        registered = register()
        keys = [json.loads(key.export_public()) for key in (RSA, EC)]
        registered.client.metadata = {"jwks": {"keys": keys}} | metadata
        registered.client.save(update_fields=["metadata"])
        return registered

    return made


def opened(token: str, key: jwk.JWK) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header of the JWE, and the claims of the JWS inside, whose signature is ours."""
    envelope = jwe.JWE()
    envelope.deserialize(token, key)
    algorithm = jwt.get_unverified_header(envelope.payload.decode())["alg"]
    keys = signing.keys(algorithm)
    claims = jwt.decode(
        envelope.payload.decode(), keys.public_keys[keys.kid], algorithms=[algorithm], options={"verify_aud": False}
    )
    return envelope.jose_header, claims


@pytest.mark.rfc("oidc-core#2")
@pytest.mark.parametrize(
    ("algorithm", "key"),
    [("RSA-OAEP-256", RSA), ("ECDH-ES", EC), ("ECDH-ES+A128KW", EC), ("ECDH-ES+A256KW", EC)],
)
@pytest.mark.parametrize("encoding", ["A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM"])
def test_it_is_signed_and_then_encrypted(
    bobs_browser: Browser, configured: Callable[..., Registered], algorithm: str, key: jwk.JWK, encoding: str
) -> None:
    registered = configured(id_token_encrypted_response_alg=algorithm, id_token_encrypted_response_enc=encoding)

    answer = exchange(registered, code_for(bobs_browser, registered, scope="openid", nonce="n")).json()

    header, claims = opened(answer["id_token"], key)
    assert (header["alg"], header["enc"], header["cty"], header["kid"]) == (algorithm, encoding, "JWT", key["kid"])
    assert (claims["aud"], claims["nonce"]) == (registered.id, "n")


@pytest.mark.rfc("7518#6.2.1.1")
@pytest.mark.parametrize("key", OTHER_CURVES, ids=lambda key: key["crv"])
@pytest.mark.parametrize("algorithm", ["ECDH-ES", "ECDH-ES+A256KW"])
def test_a_key_may_lie_on_another_curve(
    bobs_browser: Browser, configured: Callable[..., Registered], algorithm: str, key: jwk.JWK
) -> None:
    keys = {"keys": [json.loads(key.export_public())]}
    registered = configured(jwks=keys, id_token_encrypted_response_alg=algorithm)

    answer = exchange(registered, code_for(bobs_browser, registered, scope="openid")).json()

    assert opened(answer["id_token"], key)[1]["aud"] == registered.id


@pytest.mark.rfc("oidc-registration#2")
def test_the_encoding_has_a_default(bobs_browser: Browser, configured: Callable[..., Registered]) -> None:
    registered = configured(id_token_encrypted_response_alg="ECDH-ES")

    asked = authorize(bobs_browser, registered, response_type="id_token", scope="openid", nonce="n")

    header, _ = opened(query_of(decide(bobs_browser, asked))["id_token"], EC)
    assert header["enc"] == "A128CBC-HS256"


@pytest.mark.parametrize("jwks", [{"keys": []}, {"keys": [{"kty": "RSA", "n": "x", "e": "AQAB"}]}])
def test_without_a_key_the_code_is_not_used_up(
    bobs_browser: Browser, configured: Callable[..., Registered], jwks: dict[str, Any]
) -> None:
    registered = configured(id_token_encrypted_response_alg="RSA-OAEP-256", jwks=jwks)
    code = code_for(bobs_browser, registered, scope="openid")

    refused = exchange(registered, code)

    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata")
    registered.client.metadata = {}
    registered.client.save(update_fields=["metadata"])
    assert exchange(registered, code).status_code == 200


def test_without_a_key_the_browser_brings_the_error_back(
    bobs_browser: Browser, configured: Callable[..., Registered]
) -> None:
    registered = configured(id_token_encrypted_response_alg="RSA-OAEP-256", jwks={"keys": []})

    answer = authorize(bobs_browser, registered, response_type="id_token", scope="openid", nonce="n")

    assert query_of(answer)["error"] == "invalid_client_metadata"


@pytest.mark.rfc("oidc-core#5.3.2")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256"])
def test_userinfo_is_signed_on_request(
    bobs_browser: Browser, configured: Callable[..., Registered], algorithm: str
) -> None:
    registered = configured(userinfo_signed_response_alg=algorithm)
    token = exchange(registered, code_for(bobs_browser, registered, scope="openid email")).json()["access_token"]

    response = Browser().get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})

    keys = signing.keys(algorithm)
    told = jwt.decode(response.content, keys.public_keys[keys.kid], algorithms=[algorithm], audience=registered.id)
    assert response["Content-Type"] == "application/jwt"
    assert (told["iss"], told["email"]) == ("https://localhost:9443", "bob@example.com")


def userinfo_of(browser: Browser, registered: Registered) -> Any:
    token = exchange(registered, code_for(browser, registered, scope="openid email")).json()["access_token"]
    return Browser().get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.rfc("oidc-core#5.3.2")
def test_userinfo_is_signed_and_then_encrypted(bobs_browser: Browser, configured: Callable[..., Registered]) -> None:
    registered = configured(userinfo_signed_response_alg="ES256", userinfo_encrypted_response_alg="RSA-OAEP-256")

    response = userinfo_of(bobs_browser, registered)

    header, claims = opened(response.content.decode(), RSA)
    assert response["Content-Type"] == "application/jwt"
    assert (header["enc"], header["cty"], claims["email"]) == ("A128CBC-HS256", "JWT", "bob@example.com")


@pytest.mark.rfc("oidc-core#5.3.2")
def test_userinfo_may_be_encrypted_only(bobs_browser: Browser, configured: Callable[..., Registered]) -> None:
    registered = configured(userinfo_encrypted_response_alg="ECDH-ES", userinfo_encrypted_response_enc="A256GCM")

    envelope = jwe.JWE()
    envelope.deserialize(userinfo_of(bobs_browser, registered).content.decode(), EC)

    claims = json.loads(envelope.payload)
    assert (claims["aud"], claims["email"]) == (registered.id, "bob@example.com")
    assert "cty" not in envelope.jose_header


def test_userinfo_that_cannot_be_encrypted_is_not_told(
    bobs_browser: Browser, configured: Callable[..., Registered]
) -> None:
    registered = configured(userinfo_encrypted_response_alg="RSA-OAEP-256", jwks={"keys": []})

    response = userinfo_of(bobs_browser, registered)

    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")
