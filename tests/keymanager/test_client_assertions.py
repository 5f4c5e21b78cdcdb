"""private_key_jwt."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.test import Client as Browser
from django.utils import timezone

from keymanager import client_keys, expiry, fetching
from keymanager.assertion_models import AssertionUse
from tests.keymanager.conftest import Registered, Remember, basic
from tests.keymanager.keys import claims, pair

pytestmark = pytest.mark.django_db
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NOW = int(time.time())
INVALID_CLIENT = {"error": "invalid_client", "error_description": "Client Authentication failed."}


@pytest.fixture
def scanner(register: Callable[..., Registered]) -> Registered:
    """A client that proves itself by its key."""
    return register(metadata={"token_endpoint_auth_method": "private_key_jwt", "jwks": pair().jwks})


def post(assertion: str, **changes: str | None) -> Any:
    values: dict[str, str | None] = {"grant_type": "client_credentials", "client_assertion_type": TYPE}
    values |= {"client_assertion": assertion}
    sent = {name: value for name, value in (values | changes).items() if value is not None}
    return Browser().post("/oauth2/token", sent)


def answer_to(registered: Registered, **changes: Any) -> Any:
    return post(pair().sign(claims(registered.id, **changes)))


def encoded(value: bytes | dict[str, Any]) -> str:
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.rfc("7523#2.2")
def test_a_client_proves_itself_by_its_key(scanner: Registered) -> None:
    response = answer_to(scanner)

    assert response.status_code == 200, response.content
    assert response.json()["token_type"] == "Bearer"


@pytest.mark.parametrize("alg", ["ES256", "PS256", "RS256", "EdDSA", "Ed25519"])
def test_these_algorithms_are_taken(register: Callable[..., Registered], alg: str) -> None:
    client = register(metadata={"token_endpoint_auth_method": "private_key_jwt", "jwks": pair(alg).jwks})

    assert post(pair(alg).sign(claims(client.id))).status_code == 200


@pytest.mark.rfc("9864#2.2")
@pytest.mark.parametrize(("registered", "alg", "status"), [("EdDSA", "Ed25519", 200), ("Ed25519", "EdDSA", 401)])
def test_an_algorithm_may_be_told_by_its_newer_name(
    register: Callable[..., Registered], registered: str, alg: str, status: int
) -> None:
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks": pair(alg).jwks}
    client = register(metadata=metadata | {"token_endpoint_auth_signing_alg": registered})

    assert post(pair(alg).sign(claims(client.id))).status_code == status


BAD_CLAIMS: dict[str, list[Any]] = {
    "aud": ["https://evil.example", None, [], ["https://localhost:9443", "x"], {}, 1, [[]], ""],
    "exp": [None, NOW - 1, NOW + 9000, "9", True, -1, 10**30, 1e300, []],
    "iat": [NOW + 3000, "x", {}, False],
    "nbf": [NOW + 3000, "x"],
    "jti": [None, "", 7, "x" * 2000, "\x00", ["x"]],
    "iss": [None, "other", 1, ["x"]],
    "sub": [None, "other", 1, "x\x00", []],
}


@pytest.mark.rfc("7523#3")
@pytest.mark.parametrize("changes", [{name: value} for name, values in BAD_CLAIMS.items() for value in values])
def test_an_assertion_with_such_a_claim_is_refused(scanner: Registered, changes: dict[str, Any]) -> None:
    response = answer_to(scanner, **changes)

    assert response.status_code == 401
    assert response.json() == INVALID_CLIENT
    assert response["WWW-Authenticate"].startswith("Basic ")
    assert not AssertionUse.objects.exists()


@pytest.mark.parametrize("aud", ["https://localhost:9443", "https://localhost:9443/oauth2/token"])
@pytest.mark.parametrize("listed", [False, True])
def test_it_may_be_for_the_issuer_or_for_the_endpoint(scanner: Registered, aud: str, listed: bool) -> None:
    assert answer_to(scanner, aud=[aud] if listed else aud).status_code == 200


@pytest.mark.rfc("7523#3")
def test_it_may_name_issuer_and_endpoint_together(scanner: Registered) -> None:
    """As openid-client 5 does."""
    assert answer_to(scanner, aud=["https://localhost:9443", "https://localhost:9443/oauth2/token"]).status_code == 200


@pytest.mark.rfc("oidc-registration#2")
def test_a_registered_algorithm_is_the_only_one(register: Callable[..., Registered]) -> None:
    keys = {"keys": [pair("ES256", "ec").jwk, pair("EdDSA", "ed").jwk]}
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "EdDSA"}
    client = register(metadata=metadata | {"jwks": keys})

    assert post(pair("ES256", "ec").sign(claims(client.id))).json() == INVALID_CLIENT
    assert post(pair("EdDSA", "ed").sign(claims(client.id))).status_code == 200


def test_its_keys_may_be_fetched(register: Callable[..., Registered], monkeypatch: pytest.MonkeyPatch) -> None:
    """From a real server: test_client_keys.py."""
    client_keys.forget()
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://scanner.example/jwks"}
    client = register(metadata=metadata)
    monkeypatch.setattr(fetching, "fetch", lambda url: fetching.Document({url: 1, **pair().jwks}, 0))

    assert answer_to(client).status_code == 200


def test_when_they_cannot_be_fetched_nobody_gets_in(
    register: Callable[..., Registered], monkeypatch: pytest.MonkeyPatch
) -> None:
    client_keys.forget()
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://scanner.example/jwks"}
    monkeypatch.setattr(fetching, "fetch", refuse)

    assert answer_to(register(metadata=metadata)).json() == INVALID_CLIENT


def refuse(url: str) -> fetching.Document:
    raise fetching.NotFetched("the private detail")


@pytest.mark.rfc("7523#3")
def test_a_clock_may_go_a_minute_wrong(scanner: Registered) -> None:
    assert answer_to(scanner, iat=int(time.time()) + 30, nbf=int(time.time()) + 30).status_code == 200


@pytest.mark.rfc("7523#3")
def test_an_assertion_is_used_once(scanner: Registered, register: Callable[..., Registered]) -> None:
    twin = register(metadata=scanner.client.metadata)
    assertion = pair().sign(claims(scanner.id, jti="same"))

    assert post(assertion).status_code == 200
    assert post(assertion).json() == INVALID_CLIENT
    assert answer_to(twin, jti="same").status_code == 200


def test_that_it_was_used_is_forgotten_when_it_would_have_expired(scanner: Registered) -> None:
    answer_to(scanner, jti="secret-id")
    assert "secret-id" not in str(AssertionUse.objects.values().get())

    AssertionUse.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    expiry.clear()

    assert not AssertionUse.objects.exists()


@pytest.mark.rfc("8725#3.1")
def test_unsigned_and_by_a_shared_secret_it_is_nothing(scanner: Registered) -> None:
    content, public = claims(scanner.id), json.dumps(pair().jwk)
    unsigned = jwt.encode(content, "", algorithm="none")
    shared = [jwt.encode(content, key * 2, algorithm="HS256") for key in (str(scanner.secret), public)]

    for assertion in [unsigned, unsigned + "AA", *shared]:
        assert post(assertion).json() == INVALID_CLIENT


@pytest.mark.parametrize(
    "header",
    [{"crit": ["exp"]}, {"crit": []}, {"zip": "DEF"}, {"kid": "two"}, {"kid": ""}, {"typ": "at+jwt"}],
)
def test_a_header_that_is_not_understood_is_refused(scanner: Registered, header: dict[str, Any]) -> None:
    assert post(pair().sign(claims(scanner.id), **header)).json() == INVALID_CLIENT


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": "client-authentication+jwt"}, {"typ": None}, {"jku": "x"}])
def test_other_headers_do_not_matter(scanner: Registered, header: dict[str, Any]) -> None:
    assert post(pair().sign(claims(scanner.id), **header)).status_code == 200


def test_a_key_that_the_assertion_brings_along_is_not_looked_at(scanner: Registered) -> None:
    own = pair("ES256", "brought")

    assert post(own.sign(claims(scanner.id), jwk=own.jwk, kid="one")).json() == INVALID_CLIENT


def test_another_client_s_key_is_refused(scanner: Registered) -> None:
    assert post(pair("ES256", "other").sign(claims(scanner.id), kid="one")).json() == INVALID_CLIENT


HEAD = encoded({"alg": "ES256", "kid": "one"})


@pytest.mark.parametrize(
    "text",
    [
        *("x", "..", "a.b.c", "é.é.é", "a.b.c.d", f"{HEAD}.{encoded(b'[]')}.AA", f"{HEAD}.{encoded(b'[' * 9000)}.AA"),
        *(f"{HEAD}.{encoded(content)}.AA" for content in (b'{"sub":"a","sub":"b"}', b'{"exp":NaN}', b'"x"', b"\xff")),
        *(
            f"{HEAD}.{encoded(content)}.AA"
            for content in (rb'{"iss":"\ud800","sub":"\ud800"}', b'{"exp":1' + b"0" * 6000)
        ),
        f"{encoded({'alg': 'ES256', 'b64': True})}.{encoded({'iss': 'a', 'sub': 'a'})}.AA",
        *(f"{encoded({'alg': alg})}.{encoded({'iss': 'a', 'sub': 'a'})}.AA" for alg in ("HS256", 1, None, ["ES256"])),
        "x" * 20000,
    ],
)
def test_what_is_no_token_is_refused(scanner: Registered, text: str) -> None:
    response = post(text)

    assert response.status_code == 401
    assert response.json() == INVALID_CLIENT


@pytest.mark.rfc("7521#4.2")
def test_both_parameters_are_required(scanner: Registered) -> None:
    assertion = pair().sign(claims(scanner.id))

    assert post(assertion, client_assertion_type=None).json()["error"] == "invalid_request"
    assert post("", client_assertion=None).json()["error"] == "invalid_request"
    assert post(assertion, client_assertion_type="urn:x").json() == INVALID_CLIENT


@pytest.mark.rfc("7521#4.2")
def test_a_client_id_beside_it_has_to_be_the_same(scanner: Registered) -> None:
    assert post(pair().sign(claims(scanner.id)), client_id="other").json() == INVALID_CLIENT
    assert post(pair().sign(claims(scanner.id)), client_id=scanner.id).status_code == 200


@pytest.mark.rfc("6749#2.3")
def test_with_a_secret_it_is_one_method_too_many(scanner: Registered, printer: Registered) -> None:
    assertion = pair().sign(claims(scanner.id))
    form = {"grant_type": "client_credentials", "client_assertion": assertion, "client_assertion_type": TYPE}

    by_header = Browser().post("/oauth2/token", form, headers=basic(scanner))

    assert by_header.json()["error"] == "invalid_request"
    assert post(assertion, client_id=scanner.id, client_secret=scanner.secret).json()["error"] == "invalid_request"


def test_its_method_is_the_only_way_in(scanner: Registered) -> None:
    form = {"grant_type": "client_credentials", "client_id": scanner.id}

    by_header = Browser().post("/oauth2/token", {"grant_type": "client_credentials"}, headers=basic(scanner))
    by_body = Browser().post("/oauth2/token", form | {"client_secret": str(scanner.secret)})
    by_name = Browser().post("/oauth2/token", form)

    assert [answer.json() for answer in (by_header, by_body, by_name)] == [INVALID_CLIENT] * 3


def test_without_being_registered_for_it_nobody_gets_in_by_a_key(register: Callable[..., Registered]) -> None:
    secretive, public = register(metadata={"jwks": pair().jwks}), register(public=True, metadata={"jwks": pair().jwks})

    assert answer_to(secretive).json() == INVALID_CLIENT
    assert answer_to(public).json() == INVALID_CLIENT


def test_a_blocked_client_is_refused(scanner: Registered) -> None:
    scanner.client.blocked_at = timezone.now()
    scanner.client.save(update_fields=["blocked_at"])

    assert answer_to(scanner).json() == INVALID_CLIENT


@pytest.mark.parametrize("path", ["revoke", "introspect"])
def test_the_other_endpoints_take_it_too(scanner: Registered, path: str) -> None:
    assertion = pair().sign(claims(scanner.id, aud=f"https://localhost:9443/oauth2/{path}"))
    form = {"token": "x", "client_assertion": assertion, "client_assertion_type": TYPE}

    assert Browser().post(f"/oauth2/{path}", form).status_code == 200


@pytest.fixture
def bank(register: Callable[..., Registered]) -> Registered:
    metadata = {"token_endpoint_auth_method": "private_key_jwt", "security_profile": "fapi-2.0"}
    return register(metadata={**metadata, "jwks": {"keys": [pair().jwk, pair("RS256", "rsa").jwk]}})


@pytest.mark.rfc("fapi-2.0#5.3.2.1")
@pytest.mark.parametrize("aud", ["https://localhost:9443/oauth2/token", ["https://localhost:9443"]])
def test_under_fapi_the_audience_is_the_issuer_as_a_text(bank: Registered, aud: Any) -> None:
    assert answer_to(bank, aud=aud).json() == INVALID_CLIENT
    assert answer_to(bank).json() != INVALID_CLIENT


@pytest.mark.rfc("fapi-2.0#5.4.1")
def test_under_fapi_rs256_is_refused(bank: Registered) -> None:
    rsa = pair("RS256", "rsa")

    assert post(rsa.sign(claims(bank.id))).json() == INVALID_CLIENT
    assert post(jwt.encode(claims(bank.id), rsa.private, "PS256", {"kid": "rsa"})).json() != INVALID_CLIENT


@pytest.mark.rfc("fapi-2.0#5.3.2.1")
def test_under_fapi_a_secret_is_no_proof(register: Callable[..., Registered]) -> None:
    secretive = register(metadata={"security_profile": "fapi-2.0"})

    response = Browser().post("/oauth2/token", {"grant_type": "client_credentials"}, headers=basic(secretive))

    assert response.json() == INVALID_CLIENT


def test_it_costs_two_statements(scanner: Registered, remembered: Remember, django_assert_max_num_queries: Any) -> None:
    answer_to(remembered(scanner))

    with django_assert_max_num_queries(5):  # with BEGIN and COMMIT, or SAVEPOINT and RELEASE
        assert answer_to(scanner).status_code == 200
