"""What is signed by a right key and says anything (assertions, request objects, proofs); and keys of any kind."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from hypothesis import given, strategies as st

from tests.keymanager import hostile, keys, proofs, signed
from tests.keymanager.conftest import CALLBACK, Registered, authorize, basic

pytestmark = pytest.mark.django_db
CLAIMS = [
    "act",
    "acr",
    "aud",
    "ath",
    "auth_time",
    "authorization_details",
    "claims",
    "client_id",
    "cnf",
    "exp",
    "htm",
    "htu",
    "iat",
    "iss",
    "jti",
    "max_age",
    "nbf",
    "nonce",
    "prompt",
    "redirect_uri",
    "resource",
    "response_type",
    "scope",
    "sid",
    "state",
    "sub",
]
claims = st.dictionaries(
    st.sampled_from(CLAIMS), st.sampled_from(hostile.MEMBERS) | hostile.json_values, min_size=1, max_size=3
)
headers = st.dictionaries(
    st.sampled_from(["alg", "b64", "crit", "cty", "jwk", "kid", "typ", "x5c", "zip"]), hostile.json_values, max_size=2
)
jwks = st.dictionaries(
    st.sampled_from(["alg", "crv", "d", "e", "k", "kid", "kty", "n", "use", "x", "y"]),
    hostile.json_values
    | st.sampled_from(("", "A", "AAAA", "A" * 43, "A" * 86, "=", "EC", "RSA", "OKP", "P-256", "AQAB")),
    max_size=3,
)
Members = dict[str, Any]


def sign(header: Members, content: Members) -> str:
    holder = proofs.Holder(keys.pair().private)
    return holder.signed(json.dumps({"alg": "ES256", "typ": "JWT"} | header), json.dumps(content))


@pytest.fixture
def scanner(register: Callable[..., Registered]) -> Registered:
    return register(metadata={"token_endpoint_auth_method": "private_key_jwt", "jwks": keys.pair().jwks})


def test_an_assertion_may_say_anything(scanner: Registered) -> None:
    @hostile.examples(25)
    @given(headers, claims)
    def holds(header: Members, said: Members) -> None:
        assertion = sign(header, keys.claims(scanner.id) | said)
        proof = {"client_assertion_type": signed.ASSERTION_TYPE, "client_assertion": assertion}
        answer = Browser().post("/oauth2/token", {"grant_type": "client_credentials"} | proof)

        assert (answer.status_code, answer.json().get("error")) in {(200, None), (401, "invalid_client")}

    holds()


@pytest.mark.parametrize("path", ["/oauth2/authorize", "/oauth2/par"])
def test_a_request_object_may_say_anything(
    path: str, register: Callable[..., Registered], bobs_browser: Browser, printer: Registered
) -> None:
    client, now = register(metadata={"jwks": keys.pair().jwks}), int(time.time())
    good = {"iss": client.id, "aud": signed.ISSUER, "nbf": now, "exp": now + 60, "client_id": client.id}
    good |= {"response_type": "code", "redirect_uri": CALLBACK, "scope": "photos:read"}

    @hostile.examples(20)
    @given(headers, claims)
    def holds(header: Members, said: Members) -> None:
        sent = {"client_id": client.id, "request": sign(header, good | said)}
        answer = bobs_browser.post(path, sent, headers=basic(client) if path == "/oauth2/par" else None)

        hostile.check(answer, printer, "https://nowhere.example/")

    holds()


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_proof_may_say_anything(part: int, printer: Registered) -> None:
    holder = proofs.Holder()

    @hostile.examples(20)
    @given((headers, claims, jwks)[part])
    def holds(said: Members) -> None:
        header, content, key = (said if part == number else {} for number in range(3))
        whole = {"jti": str(time.time_ns()), "htm": "POST", "htu": proofs.TOKEN, "iat": int(time.time())} | content
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": holder.jwk | key} | header
        proof = holder.signed(json.dumps(head), json.dumps(whole))
        answer = Browser().post(
            "/oauth2/token", {"grant_type": "client_credentials"}, headers=basic(printer) | {"DPoP": proof}
        )

        assert answer.json().get("error") in {None, "invalid_dpop_proof", "use_dpop_nonce"}

    holds()


@pytest.mark.parametrize("method", ["private_key_jwt", "self_signed_tls_client_auth"])
def test_a_client_may_register_any_keys(method: str, settings: Any) -> None:
    settings.REGISTRATION = "open"
    kinds = [keys.pair(name).jwk for name in ("ES256", "RS256", "EdDSA")]
    one = st.builds(lambda good, wrong: good | wrong, st.sampled_from(kinds), jwks) | hostile.json_values

    @hostile.examples(20)
    @given(st.lists(one, max_size=2))
    def holds(registered: list[Any]) -> None:
        members = {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": method, "jwks": {"keys": registered}}
        made = Browser().post("/oauth2/register", json.dumps(members), content_type="application/json")
        if made.status_code == 400:
            assert made.json()["error"] == "invalid_client_metadata"
            return
        who = made.json()["client_id"]
        assertion = {
            "client_assertion_type": signed.ASSERTION_TYPE,
            "client_assertion": keys.pair().sign(keys.claims(who)),
        }
        answer = Browser().post("/oauth2/token", {"client_id": who} | (assertion if "jwt" in method else {}))

        assert answer.json()["error"] == "invalid_client"

    holds()


def test_a_client_may_describe_itself_anyhow(settings: Any) -> None:
    from keymanager import client_metadata

    settings.REGISTRATION = "open"
    also = ("redirect_uris", "client_name", "grant_types", "response_types", "scope", "client_id", "software_statement")
    names = sorted({*client_metadata.MEMBERS, *also, "post_logout_redirect_uris", "id_token_signed_response_alg"})

    @hostile.examples(40)
    @given(st.dictionaries(st.sampled_from(names), hostile.json_values, max_size=3))
    def holds(said: Members) -> None:
        body = json.dumps({"redirect_uris": [CALLBACK]} | said)
        answer = Browser().post("/oauth2/register", body, content_type="application/json")

        assert answer.json().get("error") in {None, "invalid_client_metadata", "invalid_redirect_uri"}

    holds()


@pytest.mark.parametrize("name", ["claims", "authorization_details"])
def test_structured_parameters_may_be_any_json(name: str, bobs_browser: Browser, printer: Registered) -> None:
    @hostile.examples(20)
    @given(hostile.json_values)
    def holds(value: Any) -> None:
        answer = authorize(bobs_browser, printer, **{name: json.dumps(value)})

        hostile.check(answer, printer, "https://nowhere.example/")

    holds()
