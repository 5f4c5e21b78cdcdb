from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.test import Client as Browser
from hypothesis import given, strategies as st

from keymanager import errors, request_objects
from keymanager.models import Client
from keymanager.pushed_models import PushedRequest
from tests.keymanager import hostile
from tests.keymanager.conftest import CALLBACK, Registered, authorize, decide, query_of
from tests.keymanager.keys import pair
from tests.keymanager.signed import ISSUER, request_object
from tests.keymanager.test_pushed_requests import later, push, pushed

pytestmark = pytest.mark.django_db
STRANGER = pair("ES256", "other")
ALGORITHMS = ["ES256", "PS256", "RS256", "EdDSA", "Ed25519"]


@pytest.fixture
def signer(register: Callable[..., Registered]) -> Registered:
    """A client with a key of its own."""
    return register(metadata={"jwks": pair().jwks})


def send(browser: Browser, registered: Registered, token: str, **outside: str) -> Any:
    return browser.get("/oauth2/authorize", {"client_id": registered.id, "request": token, **outside})


def error_of(browser: Browser, registered: Registered, token: str) -> str:
    """With the redirect URI outside, too, a fault goes back to the client."""
    return query_of(send(browser, registered, token, redirect_uri=CALLBACK))["error"]


@pytest.mark.rfc("9101#5.1")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_signed_request_leads_to_a_code(bobs_browser: Browser, register: Callable[..., Registered], alg: str) -> None:
    registered = register(metadata={"jwks": pair(alg).jwks})

    answer = decide(bobs_browser, send(bobs_browser, registered, request_object(registered, pair=pair(alg))))

    assert query_of(answer)["state"] == "inside"
    assert "code" in query_of(answer)


@pytest.mark.rfc("9101#5")
def test_only_what_is_inside_counts(bobs_browser: Browser, signer: Registered) -> None:
    outside = {"state": "outside", "redirect_uri": "https://evil.example", "scope": "photos:write", "prompt": "none"}

    asked = send(bobs_browser, signer, request_object(signer, state=None), **outside)

    assert b"photos:write" not in bobs_browser.get(asked["Location"]).content
    assert "state" not in query_of(decide(bobs_browser, asked))


@pytest.mark.rfc("9101#5")
def test_what_is_outside_only_is_not_there(bobs_browser: Browser, signer: Registered) -> None:
    token = request_object(signer, redirect_uri=None)

    response = send(bobs_browser, signer, token, redirect_uri=CALLBACK)

    assert response.status_code == 400
    assert b"Redirect URI is not present" in response.content


@pytest.mark.rfc("9101#6.2")
@pytest.mark.parametrize(
    "kind", ["oauth-authz-req+jwt", "OAUTH-AUTHZ-REQ+JWT", "application/oauth-authz-req+jwt", "JWT"]
)
def test_a_request_object_says_what_it_is(bobs_browser: Browser, signer: Registered, kind: str) -> None:
    assert "/consent/" in send(bobs_browser, signer, request_object(signer, typ=kind))["Location"]


@pytest.mark.rfc("9101#10.8")
@pytest.mark.parametrize("kind", ["at+jwt", "dpop+jwt", "logout+jwt", "client-authentication+jwt"])
def test_a_jwt_of_another_kind_is_no_request(bobs_browser: Browser, signer: Registered, kind: str) -> None:
    assert error_of(bobs_browser, signer, request_object(signer, typ=kind)) == "invalid_request_object"


@pytest.mark.rfc("9101#4")
@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "another"},
        {"aud": "https://elsewhere.example"},
        {"aud": [f"{ISSUER}/"]},
        {"aud": {ISSUER: 1}},
        {"client_id": None},
        {"client_id": "another"},
        {"client_id": ["another"]},
        {"request": "x"},
        {"request_uri": "https://elsewhere.example"},
        {"exp": 1},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": 10**400},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"nbf": []},
        {"state": "\x00"},
        {"st\x00ate": "x"},
    ],
)
def test_claims_that_do_not_hold(bobs_browser: Browser, signer: Registered, changes: dict[str, Any]) -> None:
    assert error_of(bobs_browser, signer, request_object(signer, **changes)) == "invalid_request_object"


@pytest.mark.rfc("9101#4")
def test_iss_and_aud_need_not_be_said(bobs_browser: Browser, signer: Registered) -> None:
    answer = decide(bobs_browser, authorize(bobs_browser, signer, request=request_object(signer, iss=None, aud=None)))

    assert "code" in query_of(answer)


@pytest.mark.rfc("9101#10.8")
def test_a_client_assertion_is_no_request(bobs_browser: Browser, signer: Registered) -> None:
    assert error_of(bobs_browser, signer, request_object(signer, sub=signer.id)) == "invalid_request_object"


@pytest.mark.rfc("9101#4")
def test_the_audience_may_be_one_of_several(bobs_browser: Browser, signer: Registered) -> None:
    token = request_object(signer, aud=["https://elsewhere.example", ISSUER], exp=None, nbf=None)

    assert "/consent/" in send(bobs_browser, signer, token)["Location"]


@pytest.mark.rfc("9101#10.2")
def test_an_unsigned_request_is_refused(bobs_browser: Browser, signer: Registered) -> None:
    claims = jwt.decode(request_object(signer), options={"verify_signature": False})

    assert error_of(bobs_browser, signer, jwt.encode(claims, "", algorithm="none")) == "invalid_request_object"


@pytest.mark.rfc("9101#10.2")
def test_the_secret_signs_no_request(bobs_browser: Browser, signer: Registered) -> None:
    claims = jwt.decode(request_object(signer), options={"verify_signature": False})

    token = jwt.encode(claims, str(signer.secret), algorithm="HS256")

    assert error_of(bobs_browser, signer, token) == "invalid_request_object"


@pytest.mark.rfc("9101#6.2")
def test_another_s_signature_is_refused(bobs_browser: Browser, signer: Registered) -> None:
    assert error_of(bobs_browser, signer, request_object(signer, pair=STRANGER)) == "invalid_request_object"


@pytest.mark.rfc("9101#6.2")
def test_a_changed_request_is_refused(bobs_browser: Browser, signer: Registered) -> None:
    header, _, signature = request_object(signer).split(".")
    other = request_object(signer, scope="photos:write").split(".")[1]

    assert error_of(bobs_browser, signer, f"{header}.{other}.{signature}") == "invalid_request_object"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.rfc("9101#6")
@pytest.mark.parametrize(
    "token",
    [
        "x",
        "..",
        "a.b.c",
        "a.b.c.d.e",
        "é.ü.ß",
        "e30.e30.e30",
        encoded("[]") + ".e30.",
        encoded('{"alg":["ES256"]}') + ".e30.e30",
        encoded('{"alg":"ES256","crit":["x"]}') + ".e30.e30",
        encoded('{"alg":"ES256"}') + "." + encoded("[" * 5000) + ".e30",
        encoded('{"alg":"ES256"}') + "." + encoded('"\\ud800"') + ".e30",
        "x" * 20_000,
    ],
)
def test_what_is_no_signed_jwt_is_refused(bobs_browser: Browser, signer: Registered, token: str) -> None:
    assert error_of(bobs_browser, signer, token) == "invalid_request_object"


@pytest.mark.rfc("9101#6.1")
def test_an_encrypted_request_is_refused_in_words(bobs_browser: Browser, signer: Registered) -> None:
    answer = query_of(send(bobs_browser, signer, "a.b.c.d.e", redirect_uri=CALLBACK, state="outside"))

    assert answer["error_description"] == "Encrypted request objects are not supported."
    assert answer["state"] == "outside"


@pytest.mark.rfc("6749#4.1.2.1")
@pytest.mark.parametrize("outside", [{}, {"redirect_uri": "https://evil.example"}])
def test_a_bad_object_sends_nobody_to_an_unknown_address(
    bobs_browser: Browser, signer: Registered, outside: dict[str, str]
) -> None:
    response = send(bobs_browser, signer, request_object(signer, pair=STRANGER), **outside)

    assert response.status_code == 400
    assert b"invalid_request_object" in response.content
    assert CALLBACK.encode() not in response.content


def test_a_client_without_keys_signs_nothing(bobs_browser: Browser, printer: Registered) -> None:
    assert error_of(bobs_browser, printer, request_object(printer)) == "invalid_request_object"


@pytest.mark.rfc("9101#5")
def test_the_client_id_stands_outside_too(bobs_browser: Browser, signer: Registered) -> None:
    assert bobs_browser.get("/oauth2/authorize", {"request": request_object(signer)}).status_code == 400


@pytest.mark.rfc("oidc-core#6.1")
def test_for_openid_the_response_type_is_the_same_outside(bobs_browser: Browser, signer: Registered) -> None:
    token = request_object(signer, scope="openid")

    differs = send(bobs_browser, signer, token, redirect_uri=CALLBACK, response_type="code token")

    assert query_of(differs)["error"] == "invalid_request_object"
    assert "/consent/" in send(bobs_browser, signer, token, response_type="code", scope="openid email")["Location"]


@pytest.mark.rfc("oidc-core#6.1")
def test_numbers_and_structures_may_stand_inside(bobs_browser: Browser, signer: Registered) -> None:
    token = request_object(
        signer, max_age=300, claims={"userinfo": {"email": None}}, resource=[ISSUER], ui_locales=None
    )

    parameters = {"max_age": "300", "claims": '{"userinfo": {"email": null}}', "resource": ISSUER}
    send(bobs_browser, signer, token)

    assert parameters.items() <= PushedRequest.objects.get().parameters.items()


@pytest.mark.rfc("9101#4")
@pytest.mark.parametrize("value", [7, True, [], {"x": "y"}, 1.5, "\U0001f600" * 300])
def test_a_value_of_any_kind_is_no_accident(signer: Registered, value: Any) -> None:
    for name in ("response_type", "scope", "redirect_uri", "state", "nonce", "prompt", "response_mode"):
        assert send(Browser(), signer, request_object(signer, **{name: value})).status_code in (302, 400)


@pytest.mark.rfc("9101#5.1")
def test_it_may_expire_while_the_person_signs_in(signer: Registered, bob: object) -> None:
    browser = Browser()
    login = send(browser, signer, request_object(signer))["Location"]

    with later(300):
        back = browser.post(login, {"login": "bob", "password": "bob"})["Location"]
        answer = decide(browser, browser.get(back))

    assert "request=" not in login
    assert query_of(answer)["state"] == "inside"


@pytest.mark.rfc("oidc-registration#2")
def test_another_algorithm_than_the_registered_one_is_refused(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    both = {"keys": pair("PS256").jwks["keys"] + pair().jwks["keys"]}
    registered = register(metadata={"jwks": both, "request_object_signing_alg": "PS256"})

    assert error_of(bobs_browser, registered, request_object(registered)) == "invalid_request_object"
    assert "/consent/" in send(bobs_browser, registered, request_object(registered, pair=pair("PS256")))["Location"]


@pytest.mark.rfc("9101#10.5")
def test_a_client_that_has_to_sign_cannot_do_otherwise(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    registered = register(metadata={"jwks": pair().jwks, "require_signed_request_object": True})

    assert query_of(authorize(bobs_browser, registered))["error"] == "invalid_request"
    assert push(registered).json()["error"] == "invalid_request"
    assert "/consent/" in send(bobs_browser, registered, request_object(registered))["Location"]


@pytest.mark.rfc("9126#3")
def test_a_signed_request_may_be_pushed(bobs_browser: Browser, signer: Registered) -> None:
    token = request_object(signer)

    reference = pushed(signer, request=token, state="outside", redirect_uri="https://evil.example")

    asked = bobs_browser.get("/oauth2/authorize", {"client_id": signer.id, "request_uri": reference})
    assert query_of(decide(bobs_browser, asked))["state"] == "inside"


@pytest.mark.rfc("9126#3")
def test_a_badly_signed_request_is_not_pushed(signer: Registered) -> None:
    response = push(signer, request=request_object(signer, pair=STRANGER))

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request_object"


@pytest.mark.rfc("9101#5")
def test_one_or_the_other_but_not_both(bobs_browser: Browser, signer: Registered) -> None:
    answer = authorize(bobs_browser, signer, request=request_object(signer), request_uri=pushed(signer))

    assert query_of(answer)["error"] == "invalid_request"


@pytest.mark.rfc("9101#9")
def test_the_metadata_says_what_is_supported(db: None) -> None:
    metadata = Browser().get("/.well-known/openid-configuration").json()

    assert metadata["request_parameter_supported"] is True
    assert metadata["request_uri_parameter_supported"] is True
    assert metadata["require_request_uri_registration"] is True
    assert metadata["request_object_signing_alg_values_supported"] == ALGORITHMS


def test_a_key_is_what_the_algorithm_needs(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    """RFC 8725 3.1: a public RSA key is no shared secret."""
    registered = register(metadata={"jwks": pair("RS256").jwks})
    header, claims = encoded('{"alg":"HS256","kid":"one"}'), encoded(json.dumps({"iss": registered.id}))

    assert error_of(bobs_browser, registered, f"{header}.{claims}.e30") == "invalid_request_object"


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
NAMES = ("iss", "aud", "exp", "nbf", "iat", "sub", "client_id", "response_type", "scope", "redirect_uri", "claims")


@given(claims=st.dictionaries(st.sampled_from(NAMES), ODD, min_size=1))
@hostile.examples(60)
def test_no_claims_are_too_odd_to_be_refused(claims: dict[str, Any]) -> None:
    client = Client(client_id="odd", metadata={"jwks": pair().jwks})
    good = {"iss": "odd", "aud": ISSUER, "client_id": "odd", "exp": time.time() + 60}
    token = jwt.PyJWS().encode(json.dumps(good | claims).encode(), pair().private, "ES256")

    try:
        parameters = request_objects.parameters_of(client, {"request": token, "response_type": "code"})
    except errors.InvalidRequestObject:
        return

    assert all(value.encode() for value in parameters.values())
