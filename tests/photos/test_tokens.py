"""The photo service believes the signed token and nothing else."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.test import Client

from photos import jwks
from tests.photos.conftest import Caller
from tests.photos.issuer import Issuer

pytestmark = pytest.mark.django_db


def refused(issuer: Issuer, token: str, sentence: str, status: int = 401, error: str = "invalid_token") -> None:
    answer = Caller(token).get("/albums")

    assert answer.status_code == status
    assert answer.json() == {"error": error, "error_description": sentence}
    assert f'error="{error}", error_description="{sentence}"' in answer["WWW-Authenticate"]


def test_a_good_token_opens_the_albums(bob: Caller) -> None:
    answer = bob.get("/albums")

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_an_rsa_key_works_too(issuer: Issuer) -> None:
    issuer.add_key("rsa", rsa.generate_private_key(public_exponent=65537, key_size=2048))

    answer = Caller(issuer.token("bob", kid="rsa", algorithm="RS256")).get("/albums")

    assert answer.status_code == 200


def test_without_a_token_the_challenge_has_no_error_code() -> None:
    answer = Client().get("/albums")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="PhotoShare"'
    assert "Send an access token" in answer.json()["error_description"]


def test_basic_credentials_count_as_no_token() -> None:
    answer = Client().get("/albums", headers={"authorization": "Basic Ym9iOmJvYg=="})

    assert answer.status_code == 401
    assert "error=" not in answer["WWW-Authenticate"]


def test_a_token_in_the_address_is_not_taken(issuer: Issuer) -> None:
    answer = Client().get("/albums", {"access_token": issuer.token("bob")})

    assert answer.status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer one two", 'Bearer "quoted"', "Bearer \u00e9"])
def test_a_malformed_header_is_a_bad_request(header: str) -> None:
    answer = Client().get("/albums", headers={"authorization": header})

    assert answer.status_code == 400
    assert 'error="invalid_request"' in answer["WWW-Authenticate"]


@pytest.mark.parametrize("name", ["X-JWT-Assertion", "X-Forwarded-User", "X-User", "Cookie"])
def test_headers_of_the_network_are_not_believed(name: str, issuer: Issuer) -> None:
    answer = Client().get("/albums", headers={name: issuer.token("bob")})

    assert answer.status_code == 401


def test_another_issuer_is_refused(issuer: Issuer) -> None:
    token = issuer.token("bob", iss="https://elsewhere.example")

    refused(issuer, token, "The access token comes from another issuer.")


def test_a_token_for_this_api_alone_is_good(issuer: Issuer) -> None:
    token = issuer.token("bob", aud="https://localhost:8243/photos/1.0")

    assert Caller(token).get("/albums").status_code == 200


def test_another_audience_is_refused(issuer: Issuer) -> None:
    refused(issuer, issuer.token("bob", aud="client-of-alice"), "The access token is meant for another service.")


def test_an_expired_token_is_refused(issuer: Issuer) -> None:
    token = issuer.token("bob", exp=int(time.time()) - 60)

    refused(issuer, token, "The access token has expired.")


def test_clocks_may_differ_a_little(issuer: Issuer) -> None:
    now = int(time.time())

    answer = Caller(issuer.token("bob", exp=now - 4, iat=now + 4)).get("/albums")

    assert answer.status_code == 200


def test_a_token_of_tomorrow_is_refused(issuer: Issuer) -> None:
    token = issuer.token("bob", iat=int(time.time()) + 3600)

    refused(issuer, token, "The access token is not valid yet.")


@pytest.mark.parametrize("typ", ["JWT", "id_token+jwt", "", None])
def test_an_id_token_is_no_access_token(typ: str | None, issuer: Issuer) -> None:
    refused(issuer, issuer.token("bob", header={"typ": typ}), "This JWT is not an access token.")


def test_the_long_form_of_the_type_is_good(issuer: Issuer) -> None:
    answer = Caller(issuer.token("bob", header={"typ": "application/at+jwt"})).get("/albums")

    assert answer.status_code == 200


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_an_unsigned_token_is_refused(issuer: Issuer) -> None:
    claims = issuer.token("bob").split(".")[1]
    token = f"{part({'typ': 'at+jwt', 'alg': 'none', 'kid': 'first'})}.{claims}."

    refused(issuer, token, "The access token is signed in a way that is not accepted.")


def test_the_public_key_is_no_shared_secret(issuer: Issuer) -> None:
    """CVE-2016-5431 and its many relatives: HS256 with the public key as the secret."""
    public = issuer.keys["first"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    secret = base64.b64encode(pem)
    token = issuer.token("bob", algorithm="HS256", key=secret)

    refused(issuer, token, "The access token is signed in a way that is not accepted.")


def test_a_changed_claim_breaks_the_signature(issuer: Issuer) -> None:
    header, claims, signature = issuer.token("bob").split(".")
    changed = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"sub": "charlie"}

    refused(issuer, f"{header}.{part(changed)}.{signature}", "The signature of the access token is wrong.")


def test_a_stranger_cannot_sign_with_a_known_key_id(issuer: Issuer) -> None:
    token = issuer.token("bob", key=ec.generate_private_key(ec.SECP256R1()))

    refused(issuer, token, "The signature of the access token is wrong.")


def test_an_unknown_key_is_refused(issuer: Issuer) -> None:
    token = issuer.token("bob", key=ec.generate_private_key(ec.SECP256R1()), header={"kid": "nobody's"})

    refused(issuer, token, "The access token is signed with an unknown key.")


def test_a_key_in_the_token_itself_is_not_believed(issuer: Issuer) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    entry = jwt.algorithms.ECAlgorithm.to_jwk(own.public_key(), as_dict=True)
    token = issuer.token("bob", key=own, header={"kid": "mine", "jwk": entry, "jku": issuer.url})

    refused(issuer, token, "The access token is signed with an unknown key.")


def test_an_extension_that_must_be_understood_is_refused(issuer: Issuer) -> None:
    """RFC 7515 4.1.11: an extension in crit that is not understood makes the JWS invalid."""
    token = issuer.token("bob", header={"crit": ["cnf-proof"], "cnf-proof": "x"})

    assert Caller(token).get("/albums").status_code == 401


def test_encryption_keys_and_odd_entries_in_the_key_set_are_passed_over(issuer: Issuer) -> None:
    odd: list[Any] = ["text", {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}, {"kty": "EC", "kid": "half"}]
    issuer.extra = [*odd, {**issuer.key_set()["keys"][0], "use": "enc", "kid": "enc"}]

    assert Caller(issuer.token("bob")).get("/albums").status_code == 200
    assert Caller(issuer.token("bob", header={"kid": "enc"})).get("/albums").status_code == 401


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "client_id", "iat", "exp", "jti"])
def test_a_required_claim_must_be_there(claim: str, issuer: Issuer) -> None:
    changes: dict[str, Any] = {claim: None}

    refused(issuer, issuer.token(**changes), "The access token lacks a required claim.")


@pytest.mark.parametrize(
    "claims",
    [{"scope": ["photos:read"]}, {"client_id": 7}, {"sub": ""}, {"sub": "x" * 256}, {"exp": "soon"}, {"sub": 5}],
)
def test_claims_of_the_wrong_kind_are_refused(claims: dict[str, Any], issuer: Issuer) -> None:
    answer = Caller(issuer.token(**{"subject": "bob", **claims})).get("/albums")

    assert answer.status_code == 401


@pytest.mark.parametrize("key", [{"jkt": "x"}, {"x5t#S256": "x"}, {}])
def test_a_token_that_is_bound_to_a_key_is_no_bearer_token(key: dict[str, str], issuer: Issuer) -> None:
    sentence = "The access token is bound to a key, and PhotoShare takes bearer tokens only."

    refused(issuer, issuer.token(cnf=key), sentence)


@pytest.mark.parametrize("token", ["x", "a.b", "a.b.c", "....", "e30.e30.e30", "bnVsbA.bnVsbA.bnVsbA", "W10.e30.x"])
def test_rubbish_is_refused(token: str) -> None:
    assert Caller(token).get("/albums").status_code == 401


@pytest.mark.parametrize("kid", [None, 5, ["first"], {}])
def test_an_odd_key_id_is_refused(kid: object) -> None:
    header = {"typ": "at+jwt", "alg": "ES256", "kid": kid}

    assert Caller(f"{part(header)}.{part({})}.c2ln").get("/albums").status_code == 401


def test_the_key_set_is_fetched_once(issuer: Issuer, bob: Caller) -> None:
    for _ in range(4):
        bob.get("/albums")

    assert issuer.asked == 1


def test_unknown_keys_do_not_make_the_service_ask_again_and_again(issuer: Issuer) -> None:
    for number in range(6):
        Caller(issuer.token("bob", header={"kid": f"unknown-{number}"})).get("/albums")

    assert issuer.asked == 1


def test_a_new_key_of_the_issuer_is_learned(issuer: Issuer, bob: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jwks, "PAUSE", 0.0)
    assert bob.get("/albums").status_code == 200
    issuer.add_key("second")

    answer = Caller(issuer.token("bob", kid="second")).get("/albums")

    assert answer.status_code == 200
    assert issuer.asked == 2


def test_a_withdrawn_key_is_forgotten(issuer: Issuer, bob: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bob.get("/albums").status_code == 200
    issuer.add_key("second")
    issuer.published.remove("first")
    monkeypatch.setattr(jwks, "PAUSE", 0.0)
    monkeypatch.setattr(jwks, "LIFETIME", 0.0)

    assert bob.get("/albums").status_code == 401


def test_without_the_issuer_nobody_can_be_recognised(issuer: Issuer, bob: Caller) -> None:
    issuer.stop()

    answer = bob.get("/albums")

    assert answer.status_code == 503
    assert answer.json()["error_description"].startswith("PhotoShare cannot reach the key manager")
    assert answer["Retry-After"] == "5"


def test_a_failing_issuer_is_a_503(issuer: Issuer, bob: Caller) -> None:
    issuer.status = 500

    assert bob.get("/albums").status_code == 503


def test_known_keys_serve_on_while_the_issuer_is_away(
    issuer: Issuer, bob: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bob.get("/albums").status_code == 200
    issuer.stop()
    monkeypatch.setattr(jwks, "PAUSE", 0.0)
    monkeypatch.setattr(jwks, "LIFETIME", 0.0)

    assert bob.get("/albums").status_code == 200


def test_the_issuers_certificate_is_checked(issuer: Issuer, bob: Caller, settings: Any) -> None:
    settings.PHOTOS_CA_FILE = settings.PHOTOS_VAR / "no-such-ca.pem"

    assert bob.get("/albums").status_code == 503
    assert issuer.asked == 0


def test_a_foreign_certificate_authority_is_not_trusted(
    issuer: Issuer, bob: Caller, settings: Any, tmp_path: Any
) -> None:
    (tmp_path / "other").mkdir()
    other = Issuer(tmp_path / "other")
    settings.PHOTOS_CA_FILE = other.ca_file

    assert bob.get("/albums").status_code == 503
    other.stop()


def test_the_same_subject_of_another_issuer_is_another_person(issuer: Issuer, bob: Caller, settings: Any) -> None:
    mine = bob.first_picture()
    settings.PHOTOS_ISSUER = "https://localhost:9444"
    namesake = Caller(issuer.token("bob", iss="https://localhost:9444"))

    assert namesake.get(f"/pictures/{mine['id']}").status_code == 404


def test_an_application_has_no_pictures(issuer: Issuer) -> None:
    token = issuer.token("client-of-alice")

    answer = Caller(token).get("/albums")

    assert answer.status_code == 403
    assert "stands for an application" in answer.json()["error_description"]


@pytest.mark.parametrize("path", ["/albums", "/pictures"])
def test_looking_needs_the_read_scope(path: str, issuer: Issuer) -> None:
    answer = Caller(issuer.token("bob", "openid photos:write")).get(path)

    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer["WWW-Authenticate"]
    assert 'scope="photos:read"' in answer["WWW-Authenticate"]


def test_changing_needs_the_write_scope(issuer: Issuer) -> None:
    reader = Caller(issuer.token("bob", "photos:read"))
    picture = reader.first_picture()

    answers = [reader.post("/albums", {"title": "No"}), reader.delete(f"/pictures/{picture['id']}")]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert 'scope="photos:write"' in answers[0]["WWW-Authenticate"]


def test_a_longer_scope_name_is_not_the_scope(issuer: Issuer) -> None:
    assert Caller(issuer.token("bob", "photos:readonly xphotos:read")).get("/albums").status_code == 403


def test_a_token_without_any_scope_may_nothing(issuer: Issuer) -> None:
    assert Caller(issuer.token(subject="bob", scope="")).get("/albums").status_code == 403
