"""What makes a DPoP proof a good one (RFC 9449 4.3), seen at the token endpoint."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from django.test import Client as Browser, RequestFactory
from django.utils import timezone
from hypothesis import given, strategies as st
from pytest_django.fixtures import Settings

from keymanager import dpop, errors, expiry
from keymanager.models import DPoPProofUse
from tests.keymanager import hostile
from tests.keymanager.conftest import Registered, basic
from tests.keymanager.proofs import TOKEN, Holder, PrivateKey, encoded

pytestmark = pytest.mark.django_db
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def holder() -> Holder:
    return Holder()


def ask(registered: Registered, proof: str) -> Any:
    return Browser().post("/oauth2/token", GRANT, headers=basic(registered) | {"DPoP": proof})


def assert_refused(response: Any, error: str = "invalid_dpop_proof") -> None:
    assert response.status_code == 400, response.content
    assert response.json()["error"] == error
    assert response["Cache-Control"] == "no-store"


def thumbprint_in(response: Any) -> str:
    claims = response.json()["access_token"].split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=="))["cnf"]["jkt"])


KEYS: dict[str, Callable[[], PrivateKey]] = {
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
}


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.rfc("9449#5")
def test_a_token_is_bound_to_the_key_of_the_proof(printer: Registered, algorithm: str) -> None:
    holder = Holder(KEYS[algorithm](), algorithm)

    response = ask(printer, holder.proof())

    assert response.status_code == 200, response.content
    assert response.json()["token_type"] == "DPoP"
    assert thumbprint_in(response) == holder.thumbprint


@pytest.mark.rfc("9449#5.1")
def test_the_metadata_names_the_algorithms(db: None) -> None:
    document = Browser().get("/.well-known/oauth-authorization-server").json()

    assert document["dpop_signing_alg_values_supported"] == list(KEYS)


WRONG: dict[str, list[Any]] = {
    "typ": [None, "JWT", "dpop", "at+jwt", 1, True, ["dpop+jwt"]],
    "alg": [None, "none", "HS256", "ES384", "RS256", "unsupported", 1, True, ["ES256"], {}],
    "jwk": [None, "", 1, True, "text", [], {}, {"kty": "EC"}, {"kty": "oct", "k": "AAAA"}],
    "crit": [["b64"], []],
}


@pytest.mark.parametrize("header", [{name: value} for name, values in WRONG.items() for value in values], ids=str)
@pytest.mark.rfc("9449#4.3")
def test_a_proof_with_another_header_is_refused(printer: Registered, holder: Holder, header: dict[str, Any]) -> None:
    assert_refused(ask(printer, holder.proof(header=header)))


@pytest.mark.parametrize("member", ["x", "y", "crv", "kty"])
@pytest.mark.parametrize("value", [None, "", "P-384", "AAAA", "A", "a=b", "ä", 1, {}, ["P-256"]], ids=str)
@pytest.mark.rfc("9449#4.3")
def test_a_proof_with_a_broken_key_is_refused(printer: Registered, holder: Holder, member: str, value: object) -> None:
    assert_refused(ask(printer, holder.proof(header={"jwk": holder.jwk | {member: value}})))


@pytest.mark.rfc("9449#4.3")
def test_a_proof_that_gives_its_private_key_away_is_refused(printer: Registered, holder: Holder) -> None:
    assert_refused(ask(printer, holder.proof(header={"jwk": holder.private_jwk})))


@pytest.mark.rfc("9449#4.3")
def test_a_proof_signed_by_another_key_is_refused(printer: Registered, holder: Holder) -> None:
    assert_refused(ask(printer, holder.proof(header={"jwk": Holder().jwk})))


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
@pytest.mark.rfc("9449#11.6")
def test_the_public_key_is_no_shared_secret(printer: Registered, holder: Holder, algorithm: str) -> None:
    header, claims, _ = holder.proof(header={"alg": algorithm}).split(".")
    secret = json.dumps(holder.jwk).encode()
    signature = encoded(hmac.new(secret, f"{header}.{claims}".encode(), hashlib.sha256).digest())

    assert_refused(ask(printer, f"{header}.{claims}.{signature if algorithm == 'HS256' else ''}"))


@pytest.mark.parametrize("size", [1024, 8192])
def test_rsa_keys_too_short_or_too_long_are_refused(printer: Registered, size: int) -> None:
    good = Holder(rsa.generate_private_key(65537, 2048), "RS256")
    modulus = encoded(((1 << (size - 1)) + 1).to_bytes(size // 8))

    assert_refused(ask(printer, good.proof(header={"jwk": good.jwk | {"n": modulus}})))
    assert_refused(ask(printer, good.proof(header={"jwk": good.jwk | {"e": good.jwk["n"]}})))


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat"])
@pytest.mark.parametrize("value", [None, True, "", {}, [], "\ud800", "\x00", float("nan"), 10**400, -1], ids=ascii)
@pytest.mark.rfc("9449#4.2")
def test_a_proof_with_a_claim_missing_or_of_another_type_is_refused(
    printer: Registered, holder: Holder, name: str, value: Any
) -> None:
    assert_refused(ask(printer, holder.proof(**{name: value})))


@pytest.mark.parametrize("htm", ["GET", "post", "POST "])
@pytest.mark.rfc("9449#4.3")
def test_a_proof_for_another_method_is_refused(printer: Registered, holder: Holder, htm: str) -> None:
    assert_refused(ask(printer, holder.proof(htm=htm)))


@pytest.mark.parametrize(
    "htu",
    [
        "HTTPS://LOCALHOST:9443/oauth2/token",
        "https://localhost:9443/oauth2/./x/../%74oken",
        f"{TOKEN}?query=1",
        f"{TOKEN}#fragment",
        "https://localhost:8243/token",
    ],
)
@pytest.mark.rfc("9449#4.3")
def test_the_address_may_be_written_in_another_way(printer: Registered, holder: Holder, htu: str) -> None:
    assert ask(printer, holder.proof(htu)).status_code == 200


@pytest.mark.parametrize(
    "htu",
    [
        "foo",
        "/oauth2/token",
        "http://localhost:9443/oauth2/token",
        "https://localhost/oauth2/token",
        "https://localhost:9443/oauth2/token/",
        "https://localhost:9443/oauth2/TOKEN",
        "https://localhost:9443//oauth2/token",
        "https://localhost:9443/oauth2%2Ftoken",
        "https://user@localhost:9443/oauth2/token",
        "https://localhost:9443/oauth2/revoke",
        "https://localhost:8243/oauth2/token",
        "https://localhost:99999/oauth2/token",
        "https://[::1/oauth2/token",
        "https://other.example/oauth2/token",
        "https://localhost:9443/oauth2/to\tken",
        "https://localhost:9443",
    ],
)
@pytest.mark.rfc("9449#4.3")
def test_a_proof_for_another_address_is_refused(printer: Registered, holder: Holder, htu: str) -> None:
    assert_refused(ask(printer, holder.proof(htu)))


@pytest.mark.parametrize(("offset", "status"), [(-3600, 400), (-90, 400), (-50, 200), (10, 200), (61, 400)])
@pytest.mark.rfc("9449#4.3")
def test_a_proof_is_good_for_a_minute(printer: Registered, holder: Holder, offset: int, status: int) -> None:
    assert ask(printer, holder.proof(iat=int(time.time()) + offset)).status_code == status


def test_a_time_with_a_fraction_is_a_time(printer: Registered, holder: Holder) -> None:
    assert ask(printer, holder.proof(iat=time.time())).status_code == 200


@pytest.mark.rfc("9449#11.1")
def test_a_proof_works_once(printer: Registered, holder: Holder) -> None:
    proof = holder.proof()

    assert ask(printer, proof).status_code == 200
    assert_refused(ask(printer, proof))


@pytest.mark.rfc("9449#11.1")
def test_an_identifier_works_once_even_in_another_proof(printer: Registered, holder: Holder) -> None:
    ask(printer, holder.proof(jti="the same"))

    assert_refused(ask(printer, holder.proof("HTTPS://localhost:9443/oauth2/token", jti="the same", more=1)))
    assert ask(printer, Holder().proof(jti="the same")).status_code == 200


def test_what_is_remembered_of_a_proof_leaves_with_time(printer: Registered, holder: Holder) -> None:
    ask(printer, holder.proof(jti="the-identifier"))
    assert "the-identifier" not in str(DPoPProofUse.objects.values())
    assert expiry.clear() == 0
    DPoPProofUse.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert expiry.clear() == 1


def test_a_refused_proof_is_not_remembered(printer: Registered, holder: Holder) -> None:
    assert_refused(ask(printer, holder.proof(htm="GET")))

    assert not DPoPProofUse.objects.exists()


@pytest.mark.rfc("9449#4.3")
def test_two_proofs_are_refused_however_they_are_joined(printer: Registered, holder: Holder) -> None:
    for joint in (",", ", ", " "):
        assert_refused(ask(printer, joint.join([holder.proof(), holder.proof()])))


@pytest.mark.parametrize(
    "value",
    ["", " ", "a", "a.b", "a.b.c", "..", "a.b.c.d", "ä.ö.ü", "\x00", "e30.e30.e30", "W10.e30.e30", "x" * 100_000],
)
@pytest.mark.rfc("9449#4.3")
def test_what_is_no_jwt_is_refused(printer: Registered, value: str) -> None:
    assert_refused(ask(printer, value))


@pytest.mark.parametrize("claims", ["[" * 5000, '{"a":' * 1000, "\ufeff{}", "[]", "null", '"text"', "1" * 5000])
def test_absurd_json_is_refused(printer: Registered, holder: Holder, claims: str) -> None:
    header = json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": holder.jwk})

    assert_refused(ask(printer, holder.signed(header, claims)))
    assert_refused(ask(printer, holder.signed(claims, "{}")))


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["RSA", "P-384", "EdDSA"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kty", "x", "n"]), inner),
    max_leaves=5,
)
HOLDER = Holder()
GOOD = {"typ": "dpop+jwt", "alg": "ES256", "jwk": HOLDER.jwk}


@given(header=st.dictionaries(st.sampled_from(["typ", "alg", "jwk", "crit"]), ODD, min_size=1))
@hostile.examples(40)
def test_no_header_is_too_odd_to_be_refused(header: dict[str, Any]) -> None:
    request = RequestFactory().post("/oauth2/token", headers={"DPoP": HOLDER.signed(json.dumps(GOOD | header), "{}")})

    with pytest.raises(errors.InvalidDPoPProof):
        dpop.proven_key(request)


@given(claims=st.dictionaries(st.sampled_from(["jti", "htm", "htu", "iat", "nonce"]), ODD))
@hostile.examples(40)
def test_no_claims_are_too_odd_to_be_refused(claims: dict[str, Any]) -> None:
    request = RequestFactory().post(
        "/oauth2/token", headers={"DPoP": HOLDER.signed(json.dumps(GOOD), json.dumps(claims))}
    )

    with pytest.raises((errors.InvalidDPoPProof, errors.UseDPoPNonce)):
        dpop.proven_key(request)


@pytest.mark.parametrize("signature", ["AA", "A" * 86, "A" * 85, "A" * 200, "_" * 86])
@pytest.mark.rfc("9449#4.3")
def test_a_signature_that_is_none_is_refused(printer: Registered, holder: Holder, signature: str) -> None:
    header, claims, _ = holder.proof().split(".")

    assert_refused(ask(printer, f"{header}.{claims}.{signature}"))


def test_a_client_is_authenticated_before_its_proof_is_looked_at(printer: Registered, holder: Holder) -> None:
    headers = basic(printer, "wrong") | {"DPoP": holder.proof()}

    assert Browser().post("/oauth2/token", GRANT, headers=headers).status_code == 401
    assert not DPoPProofUse.objects.exists()


@pytest.mark.rfc("9449#8")
def test_a_nonce_is_offered_with_every_answer_to_a_proof(printer: Registered, holder: Holder) -> None:
    offered = {ask(printer, holder.proof())["DPoP-Nonce"], ask(printer, "nonsense")["DPoP-Nonce"]}

    assert len(offered) <= 2
    assert all(len(nonce) == 64 and nonce.isalnum() for nonce in offered)
    assert "DPoP-Nonce" not in Browser().post("/oauth2/token", GRANT, headers=basic(printer))


@pytest.mark.rfc("9449#8")
def test_a_nonce_frees_from_the_clock(printer: Registered, holder: Holder) -> None:
    nonce = ask(printer, holder.proof())["DPoP-Nonce"]

    assert ask(printer, holder.proof(nonce=nonce, iat=1_000_000_000)).status_code == 200


@pytest.mark.parametrize("nonce", ["x", "ä", "\ud800", "0" * 64])
@pytest.mark.rfc("9449#8")
def test_a_nonce_that_is_none_of_ours_is_replaced(printer: Registered, holder: Holder, nonce: str) -> None:
    response = ask(printer, holder.proof(nonce=nonce))

    assert_refused(response, "use_dpop_nonce")
    assert ask(printer, holder.proof(nonce=response["DPoP-Nonce"])).status_code == 200


@pytest.mark.parametrize("nonce", [1, True, {}, ["x"]])
def test_a_nonce_is_a_text(printer: Registered, holder: Holder, nonce: object) -> None:
    assert_refused(ask(printer, holder.proof(nonce=nonce)))


@pytest.mark.rfc("9449#8.2")
def test_the_nonce_moves_on_and_the_one_before_stays_good_for_a_while(
    printer: Registered, holder: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonce, now = ask(printer, holder.proof())["DPoP-Nonce"], time.time()

    monkeypatch.setattr(time, "time", lambda: now + 150)
    assert ask(printer, holder.proof(nonce=nonce)).status_code == 200
    monkeypatch.setattr(time, "time", lambda: now + 300)
    assert_refused(ask(printer, holder.proof(nonce=nonce)), "use_dpop_nonce")


@pytest.mark.rfc("9449#8")
def test_the_installation_may_demand_a_nonce(printer: Registered, holder: Holder, settings: Settings) -> None:
    settings.DPOP_NONCE_REQUIRED = True

    response = ask(printer, holder.proof())

    assert_refused(response, "use_dpop_nonce")
    assert ask(printer, holder.proof(nonce=response["DPoP-Nonce"])).status_code == 200
    assert Browser().post("/oauth2/token", GRANT, headers=basic(printer)).json()["token_type"] == "Bearer"
