from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.test import Client as Browser

from accounts.models import User
from keymanager import oidc
from tests.keymanager.conftest import Registered, authorize, code_for, decide, exchange, post_token, query_of

pytestmark = pytest.mark.django_db


def userinfo(token: str) -> Any:
    return Browser().get("/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"})


def decoded(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.rfc("oidc-core#2")
def test_openid_brings_an_id_token(bobs_browser: Browser, printer: Registered, bob: User) -> None:
    answer = exchange(printer, code_for(bobs_browser, printer, scope="openid", nonce="n-0S6")).json()

    claims = decoded(answer["id_token"])
    assert claims["iss"] == "https://localhost:9443"
    assert claims["sub"] == str(bob.subject)
    assert claims["aud"] == printer.id
    assert claims["nonce"] == "n-0S6"
    assert claims["at_hash"] == oidc.half_hash(answer["access_token"])
    assert claims["auth_time"] > 1_000_000_000
    assert claims["sid"]


def test_without_openid_there_is_none(bobs_browser: Browser, printer: Registered) -> None:
    assert "id_token" not in exchange(printer, code_for(bobs_browser, printer)).json()


def test_a_refresh_brings_a_new_id_token(bobs_browser: Browser, printer: Registered) -> None:
    first = exchange(printer, code_for(bobs_browser, printer, scope="openid")).json()

    second = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()

    assert decoded(second["id_token"])["auth_time"] == decoded(first["id_token"])["auth_time"]


@pytest.mark.rfc("oidc-core#5.4")
def test_userinfo_tells_what_the_scopes_say(bobs_browser: Browser, printer: Registered, bob: User) -> None:
    token = exchange(printer, code_for(bobs_browser, printer, scope="openid profile email")).json()["access_token"]

    assert userinfo(token).json() == {
        "sub": str(bob.subject),
        "preferred_username": "bob",
        "name": "Bob Baker",
        "given_name": "Bob",
        "family_name": "Baker",
        "email": "bob@example.com",
        "email_verified": False,
    }


def test_userinfo_of_openid_alone_is_the_subject(bobs_browser: Browser, printer: Registered, bob: User) -> None:
    token = exchange(printer, code_for(bobs_browser, printer, scope="openid")).json()["access_token"]

    assert userinfo(token).json() == {"sub": str(bob.subject)}


def test_userinfo_takes_a_form_as_well(bobs_browser: Browser, printer: Registered) -> None:
    token = exchange(printer, code_for(bobs_browser, printer, scope="openid")).json()["access_token"]

    assert Browser().post("/oauth2/userinfo", {"access_token": token}).status_code == 200


@pytest.mark.rfc("6750#3.1")
def test_userinfo_without_the_openid_scope_is_refused(bobs_browser: Browser, printer: Registered) -> None:
    response = userinfo(exchange(printer, code_for(bobs_browser, printer)).json()["access_token"])

    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response["WWW-Authenticate"]


@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_userinfo_with_a_bad_token_is_refused(db: None, token: str) -> None:
    response = userinfo(token)

    assert response.status_code == 401
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


def test_userinfo_never_takes_a_token_from_the_address(bobs_browser: Browser, printer: Registered) -> None:
    token = exchange(printer, code_for(bobs_browser, printer, scope="openid")).json()["access_token"]

    assert Browser().get(f"/oauth2/userinfo?access_token={token}").status_code == 401


def test_userinfo_of_an_application_token_is_refused(printer: Registered) -> None:
    token = post_token(printer, grant_type="client_credentials", scope="openid").json()["access_token"]

    assert userinfo(token).status_code == 401


@pytest.mark.rfc("6749#4.2.2")
def test_implicit_answers_in_the_fragment_without_a_refresh_token(bobs_browser: Browser, printer: Registered) -> None:
    answer = decide(bobs_browser, authorize(bobs_browser, printer, response_type="token"))

    assert "#" in answer["Location"]
    assert "?" not in answer["Location"]
    assert query_of(answer)["token_type"] == "Bearer"
    assert "refresh_token" not in query_of(answer)


@pytest.mark.rfc("oidc-core#3.2.2.5")
def test_implicit_with_openid_answers_with_both_tokens(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer, response_type="id_token token", scope="openid", nonce="n")

    answer = query_of(decide(bobs_browser, asked))

    assert decoded(answer["id_token"])["nonce"] == "n"
    assert decoded(answer["id_token"])["at_hash"] == oidc.half_hash(answer["access_token"])


@pytest.mark.parametrize("changes", [{"scope": "openid"}, {"scope": "photos:read", "nonce": "n"}])
@pytest.mark.rfc("oidc-core#3.2.2.1")
def test_an_id_token_in_front_of_the_browser_needs_openid_and_a_nonce(
    bobs_browser: Browser, printer: Registered, changes: dict[str, str]
) -> None:
    answer = authorize(bobs_browser, printer, response_type="id_token", **changes)

    assert query_of(answer)["error"] == "invalid_request"
    assert "#" in answer["Location"]


def test_implicit_is_off_unless_ticked(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(grant_types=["authorization_code"])

    assert query_of(authorize(bobs_browser, registered, response_type="token"))["error"] == "unauthorized_client"


@pytest.mark.rfc("8414#3")
@pytest.mark.parametrize("name", ["openid-configuration", "oauth-authorization-server"])
def test_the_metadata_names_endpoints_that_answer(db: None, name: str) -> None:
    document = Browser().get(f"/.well-known/{name}").json()

    endpoints = [value for key, value in document.items() if key.endswith(("_endpoint", "_uri"))]
    assert document["issuer"] == "https://localhost:9443"
    for address in endpoints:
        assert Browser().get(address.removeprefix(document["issuer"])).status_code != 404
