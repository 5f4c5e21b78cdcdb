from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from django.test import Client as Browser

from accounts.models import User
from keymanager import signing, signing_keys, tokens
from tests.keymanager.conftest import Registered, code_for, exchange, post_token

pytestmark = pytest.mark.django_db


def published_key(token: str) -> Any:
    jwks = Browser().get("/oauth2/jwks").json()
    kid = jwt.get_unverified_header(token)["kid"]
    return next(jwt.PyJWK(key).key for key in jwks["keys"] if key["kid"] == kid)


@pytest.mark.rfc("9068#2.2")
def test_an_access_token_can_be_checked_with_the_published_keys(
    bobs_browser: Browser, register: Callable[..., Registered], bob: User
) -> None:
    registered = register(access_token_claims={"subscriptions": {"photos/1.0": "Gold"}})
    token = exchange(registered, code_for(bobs_browser, registered)).json()["access_token"]

    claims = jwt.decode(token, published_key(token), algorithms=["ES256"], audience="https://localhost:8243")

    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert claims["iss"] == "https://localhost:9443"
    assert claims["sub"] == str(bob.subject)
    assert claims["client_id"] == registered.id
    assert claims["key_type"] == "PRODUCTION"
    assert claims["subscriptions"] == {"photos/1.0": "Gold"}


def test_a_client_s_own_claims_never_replace_the_standard_ones(register: Callable[..., Registered]) -> None:
    registered = register(access_token_claims={"sub": "admin", "iss": "evil"})
    token = post_token(registered, grant_type="client_credentials").json()["access_token"]

    claims = jwt.decode(token, options={"verify_signature": False})

    assert claims["sub"] == registered.id
    assert claims["iss"] == "https://localhost:9443"


def test_the_published_keys_hold_no_private_half(db: None) -> None:
    key = Browser().get("/oauth2/jwks").json()["keys"][0]

    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


def test_the_private_half_is_sealed_at_rest(db: None) -> None:
    signing.keys()

    row = signing_keys.of("ES256")[0]
    assert b"PRIVATE" not in bytes(row.sealed_private_key)
    private_key = signing_keys.unseal(row)
    assert isinstance(private_key, EllipticCurvePrivateKey)
    assert private_key.curve.name == "secp256r1"


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
@pytest.mark.rfc("7009#2.1")
def test_a_revoked_access_token_is_dead_and_so_is_its_pair(
    bobs_browser: Browser, register: Callable[..., Registered], token_format: str
) -> None:
    registered = register(access_token_format=token_format)
    pair = exchange(registered, code_for(bobs_browser, registered)).json()

    revoke(registered, pair["access_token"])

    assert tokens.find(pair["access_token"]) is None
    refreshed = post_token(registered, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"


def revoke(registered: Registered, token: str) -> Any:
    body = {"token": token, "client_id": registered.id, "client_secret": registered.secret}
    return Browser().post("/oauth2/revoke", body)


@pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])
def test_an_application_token_can_be_revoked(register: Callable[..., Registered], token_format: str) -> None:
    registered = register(access_token_format=token_format)
    token = post_token(registered, grant_type="client_credentials").json()["access_token"]
    assert tokens.find(token) is not None

    assert revoke(registered, token).status_code == 200
    assert revoke(registered, token).status_code == 200

    assert tokens.find(token) is None


def test_a_refresh_token_can_be_revoked(bobs_browser: Browser, printer: Registered) -> None:
    pair = exchange(printer, code_for(bobs_browser, printer)).json()

    revoke(printer, pair["refresh_token"])

    assert tokens.find(pair["access_token"]) is None


@pytest.mark.rfc("7009#2.1")
def test_a_token_of_another_client_is_left_alone(
    bobs_browser: Browser, printer: Registered, register: Callable[..., Registered]
) -> None:
    pair = exchange(printer, code_for(bobs_browser, printer)).json()

    assert revoke(register(), pair["access_token"]).status_code == 400

    assert tokens.find(pair["access_token"]) is not None


@pytest.mark.rfc("7009#2.2")
def test_an_unknown_token_is_no_error_and_a_missing_one_is(printer: Registered) -> None:
    body = {"client_id": printer.id, "client_secret": printer.secret}

    assert revoke(printer, "nonsense").status_code == 200
    assert revoke(printer, "a.b.c").status_code == 200
    assert Browser().post("/oauth2/revoke", body).json()["error"] == "invalid_request"


def test_revoking_needs_the_right_secret(printer: Registered) -> None:
    body = {"token": "x", "client_id": printer.id, "client_secret": "wrong"}

    assert Browser().post("/oauth2/revoke", body).status_code == 401


def altered(token: str, **claims: Any) -> str:
    header = jwt.get_unverified_header(token)
    body = jwt.decode(token, options={"verify_signature": False}) | claims
    return jwt.encode(body, signing.keys().private_key, algorithm="ES256", headers=header)


def test_a_token_signed_for_something_else_is_none_of_ours(printer: Registered) -> None:
    token = post_token(printer, grant_type="client_credentials").json()["access_token"]
    id_token_like = jwt.encode(
        jwt.decode(token, options={"verify_signature": False}), signing.keys().private_key, algorithm="ES256"
    )

    assert tokens.find(altered(token)) is not None
    assert tokens.find(altered(token, iss="https://evil.example")) is None
    assert tokens.find(altered(token, exp=1)) is None
    assert tokens.find(id_token_like) is None
    assert tokens.find(token[:-4] + "AAAA") is None


def test_a_blocked_client_s_tokens_are_dead(printer: Registered) -> None:
    token = post_token(printer, grant_type="client_credentials").json()["access_token"]
    printer.client.blocked_at = printer.client.created
    printer.client.save(update_fields=["blocked_at"])

    assert tokens.find(token) is None
