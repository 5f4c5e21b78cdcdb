"""The claims parameter, and what ID token and userinfo tell about a person."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from allauth.account.models import EmailAddress
from django.test import Client as Browser

from accounts.models import PersonalDetails, User
from keymanager.models import Authorization, Consent
from tests.keymanager.conftest import Registered, authorize, decide, exchange, query_of, sign_in

pytestmark = pytest.mark.django_db
PROFILE = {
    "middle_name": "Brian",
    "nickname": "bobby",
    "profile": "https://bob.example/about",
    "picture": "https://bob.example/bob.png",
    "website": "https://bob.example/",
    "gender": "male",
    "birthdate": "1990-04-23",
    "zoneinfo": "Europe/Berlin",
    "locale": "en-GB",
}
ADDRESS = {"street_address": "1 High St", "postal_code": "N1", "locality": "London", "region": "", "country": "UK"}


@pytest.fixture
def details(bob: User) -> PersonalDetails:
    return PersonalDetails.objects.create(user=bob, phone_number="+442079460000", **PROFILE, **ADDRESS)


def answered(browser: Browser, registered: Registered, claims: Any, scope: str = "openid") -> Any:
    """The token answer to a request with this `claims`."""
    asked = authorize(browser, registered, scope=scope, claims=json.dumps(claims))
    return exchange(registered, query_of(decide(browser, asked))["code"]).json()


def userinfo(answer: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    told: dict[str, Any] = Browser().get("/oauth2/userinfo", headers=headers).json()
    return told


def id_token(answer: Any) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(answer["id_token"], options={"verify_signature": False})
    return claims


@pytest.mark.rfc("oidc-core#5.4")
def test_profile_tells_all_of_it(bobs_browser: Browser, printer: Registered, details: PersonalDetails) -> None:
    told = userinfo(answered(bobs_browser, printer, {}, scope="openid profile"))

    assert {name: told[name] for name in PROFILE} == PROFILE
    assert told["updated_at"] == int(details.updated_at.timestamp())
    assert "phone_number" not in told


@pytest.mark.rfc("oidc-core#5.1.1")
def test_address_and_phone_are_scopes_of_their_own(
    bobs_browser: Browser, printer: Registered, details: PersonalDetails, bob: User
) -> None:
    told = userinfo(answered(bobs_browser, printer, {}, scope="openid address phone"))

    parts = {name: text for name, text in ADDRESS.items() if text}
    assert told.pop("address") == parts | {"formatted": "1 High St\nN1 London\nUK"}
    assert told == {"sub": str(bob.subject), "phone_number": "+442079460000", "phone_number_verified": False}


@pytest.mark.rfc("oidc-core#5.3.2")
def test_what_is_not_known_is_left_out(bobs_browser: Browser, printer: Registered, bob: User) -> None:
    told = userinfo(answered(bobs_browser, printer, {}, scope="openid address phone"))

    assert told == {"sub": str(bob.subject)}


@pytest.mark.rfc("oidc-core#5.1")
def test_a_confirmed_address_is_told_as_such(bobs_browser: Browser, printer: Registered, bob: User) -> None:
    EmailAddress.objects.create(user=bob, email="bob@example.com", verified=True)

    assert userinfo(answered(bobs_browser, printer, {}, scope="openid email"))["email_verified"] is True


@pytest.mark.rfc("oidc-core#5.5")
def test_claims_are_told_where_they_were_asked_for(bobs_browser: Browser, printer: Registered) -> None:
    claims = {"userinfo": {"given_name": {"essential": True}}, "id_token": {"email": None, "family_name": None}}

    answer = answered(bobs_browser, printer, claims)

    assert userinfo(answer).keys() == {"sub", "given_name"}
    assert (id_token(answer)["email"], id_token(answer)["family_name"]) == ("bob@example.com", "Baker")
    assert "given_name" not in id_token(answer)


@pytest.mark.rfc("oidc-core#5.5")
def test_what_is_not_understood_is_ignored(bobs_browser: Browser, printer: Registered, bob: User) -> None:
    claims = {"other": 1, "userinfo": {"http://x/y": {"z": 1}, "name#de": None}, "id_token": {"shoe_size": None}}

    answer = answered(bobs_browser, printer, claims)

    assert userinfo(answer) == {"sub": str(bob.subject)}
    assert Authorization.objects.get().claims == {"userinfo": {}, "id_token": {}}


@pytest.mark.rfc("oidc-core#5.5.1")
@pytest.mark.parametrize(("request_", "told"), [({"value": "Bob"}, True), ({"values": ["x", "y"]}, False)])
def test_another_value_than_asked_for_is_left_out(
    bobs_browser: Browser, printer: Registered, request_: Any, told: bool
) -> None:
    answer = answered(bobs_browser, printer, {"id_token": {"given_name": request_}})

    assert ("given_name" in id_token(answer)) is told


@pytest.mark.rfc("oidc-core#5.5")
@pytest.mark.parametrize(
    "claims",
    [
        "",
        "x",
        "[]",
        "1",
        '{"userinfo": []}',
        '{"id_token": "x"}',
        '{"id_token": {"email": 1}}',
        '{"id_token": {"email": {"essential": "yes"}}}',
        '{"id_token": {"email": {"values": "x"}}}',
        '{"id_token": {"email": {"values": []}}}',
        '{"id_token": {"email": {"value": 1, "values": [1]}}}',
        '{"id_token": {"acr": {"essential": true, "values": [1]}}}',
        '{"id_token": {"sub": {"value": {}}}}',
        '{"id_token": {"email": {"value": "\\u0000"}}}',
        '{"id_token": {"email": {"value": "\\ud800"}}}',
        '{"id_token": {"email": {"value": NaN}}}',
        '{"id_token": {"email": null}, "id_token": {}}',
        "[" * 5000,
        '{"id_token": {"email": {"value": "' + "x" * 30000 + '"}}}',
    ],
)
def test_what_is_no_claims_parameter_is_refused(bobs_browser: Browser, printer: Registered, claims: str) -> None:
    answer = authorize(bobs_browser, printer, scope="openid", claims=claims or " ")

    assert query_of(answer)["error"] == "invalid_request"


@pytest.mark.rfc("oidc-core#5.5")
@pytest.mark.parametrize(("response_type", "place"), [("id_token", "userinfo"), ("token", "id_token")])
def test_a_place_that_there_will_not_be_is_refused(
    bobs_browser: Browser, printer: Registered, response_type: str, place: str
) -> None:
    changes = {"response_type": response_type, "scope": "openid", "nonce": "n", "claims": f'{{"{place}": {{}}}}'}

    assert query_of(authorize(bobs_browser, printer, **changes))["error"] == "invalid_request"


@pytest.mark.rfc("oidc-core#5.4")
def test_an_id_token_alone_tells_what_the_scopes_ask_for(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer, response_type="id_token", scope="openid email", nonce="n")

    assert id_token(query_of(decide(bobs_browser, asked)))["email"] == "bob@example.com"


@pytest.mark.rfc("oidc-core#5.5.1")
@pytest.mark.parametrize("place", ["id_token", "userinfo"])
def test_a_person_asked_for_by_name_is_the_one_or_nobody(
    bobs_browser: Browser, printer: Registered, bob: User, charlie: User, place: str
) -> None:
    claims = json.dumps({place: {"sub": {"value": str(bob.subject)}}})
    charlies = sign_in(Browser(), "charlie")

    assert "/consent/" in authorize(bobs_browser, printer, scope="openid", claims=claims)["Location"]
    refused = authorize(charlies, printer, scope="openid", claims=claims, prompt="none")
    assert query_of(refused)["error"] == "login_required"


@pytest.mark.rfc("oidc-core#3.1.2.4")
def test_the_consent_page_names_each_claim_beyond_the_scopes(bobs_browser: Browser, printer: Registered) -> None:
    claims = json.dumps({"userinfo": {"birthdate": None, "email": None}})

    asked = authorize(bobs_browser, printer, scope="openid email", claims=claims)

    page = bobs_browser.get(asked["Location"]).content.decode()
    assert "See your date of birth" in page
    assert page.count("See your e-mail address") == 1


@pytest.mark.rfc("oidc-core#3.1.2.4")
def test_a_claim_is_asked_for_anew_unless_it_was_approved(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer, scope="openid"), "approve_always")
    asked = {"scope": "openid", "claims": json.dumps({"id_token": {"birthdate": None}}), "prompt": "none"}

    assert query_of(authorize(bobs_browser, printer, **asked))["error"] == "consent_required"
    decide(bobs_browser, authorize(bobs_browser, printer, **(asked | {"prompt": ""})), "approve_always")
    assert "code" in query_of(authorize(bobs_browser, printer, **asked))
    assert "See your date of birth" in bobs_browser.get("/oauth2/").content.decode()
    assert Consent.objects.filter(scope="claim:birthdate").count() == 1


@pytest.mark.rfc("oidc-core#3.1.2.4")
def test_a_claim_of_an_approved_scope_is_approved(bobs_browser: Browser, printer: Registered) -> None:
    decide(bobs_browser, authorize(bobs_browser, printer, scope="openid profile"), "approve_always")
    claims = json.dumps({"id_token": {"birthdate": None}})

    assert "code" in query_of(authorize(bobs_browser, printer, scope="openid", claims=claims, prompt="none"))


@pytest.mark.rfc("oidc-core#12.2")
def test_a_refreshed_id_token_tells_the_same_without_a_nonce(bobs_browser: Browser, printer: Registered) -> None:
    from tests.keymanager.conftest import post_token

    first = answered(bobs_browser, printer, {"id_token": {"email": None}})
    second = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()

    same = ("iss", "sub", "aud", "azp", "auth_time", "acr", "amr", "sid", "email")
    assert [id_token(second)[name] for name in same] == [id_token(first)[name] for name in same]
    assert "nonce" not in id_token(second)
