from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.test import Client as Browser

from keymanager import oidc
from tests.keymanager.conftest import CALLBACK, Registered, authorize, decide, exchange, query_of
from tests.keymanager.test_pushed_requests import pushed

pytestmark = pytest.mark.django_db
ISSUER = "https://localhost:9443"


def verified(token: str, registered: Registered) -> dict[str, Any]:
    """The members of a signed answer, checked as its client checks them (JARM 2.4)."""
    published = jwt.PyJWKSet.from_dict(Browser().get("/oauth2/jwks").json())
    header = jwt.get_unverified_header(token)
    key = next(key for key in published.keys if key.key_id == header["kid"])
    claims: dict[str, Any] = jwt.decode(token, key, [header["alg"]], audience=registered.id, issuer=ISSUER)
    return claims


def signed_answer(response: Any, registered: Registered) -> dict[str, Any]:
    members = query_of(response)
    assert set(members) == {"response"}
    return verified(members["response"], registered)


@pytest.mark.rfc("jarm#2.1")
@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_an_answer_may_be_signed(bobs_browser: Browser, printer: Registered, mode: str) -> None:
    answer = decide(bobs_browser, authorize(bobs_browser, printer, response_mode=mode))

    claims = signed_answer(answer, printer)
    assert answer["Location"].startswith(f"{CALLBACK}?response=")
    assert set(claims) == {"iss", "aud", "exp", "code", "state"}
    assert time.time() < claims["exp"] <= time.time() + 600
    assert exchange(printer, claims["code"]).status_code == 200


@pytest.mark.rfc("jarm#2.3.2")
def test_a_signed_answer_in_the_fragment(bobs_browser: Browser, printer: Registered) -> None:
    answer = decide(bobs_browser, authorize(bobs_browser, printer, response_mode="fragment.jwt"))

    assert answer["Location"].startswith(f"{CALLBACK}#response=")
    assert "code" in signed_answer(answer, printer)


@pytest.mark.rfc("jarm#2.3.3")
def test_a_signed_answer_may_be_posted(bobs_browser: Browser, printer: Registered) -> None:
    page = decide(bobs_browser, authorize(bobs_browser, printer, response_mode="form_post.jwt")).content.decode()

    members = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    assert set(members) == {"response"}
    assert verified(html.unescape(members["response"]), printer)["state"] == "xyz"


@pytest.mark.rfc("jarm#2.3.4")
@pytest.mark.parametrize("response_type", ["code id_token token", "token"])
def test_tokens_are_signed_for_in_the_fragment(bobs_browser: Browser, printer: Registered, response_type: str) -> None:
    asked = authorize(
        bobs_browser, printer, response_type=response_type, response_mode="jwt", scope="openid", nonce="n"
    )

    answer = decide(bobs_browser, asked)

    claims = signed_answer(answer, printer)
    assert "#" in answer["Location"]
    assert claims["token_type"] == "Bearer"
    assert "id_token" not in claims or jwt.decode(claims["id_token"], options={"verify_signature": False})[
        "at_hash"
    ] == oidc.half_hash(claims["access_token"])


@pytest.mark.rfc("jarm#2.3.1")
def test_tokens_never_travel_in_a_signed_query(bobs_browser: Browser, printer: Registered) -> None:
    answer = authorize(bobs_browser, printer, response_type="token", response_mode="query.jwt")

    assert answer["Location"].startswith(f"{CALLBACK}#response=")
    assert signed_answer(answer, printer)["error"] == "invalid_request"


@pytest.mark.rfc("jarm#2.1")
def test_a_refusal_is_signed_too(bobs_browser: Browser, printer: Registered) -> None:
    claims = signed_answer(authorize(bobs_browser, printer, response_mode="jwt", prompt="none"), printer)

    assert set(claims) == {"iss", "aud", "exp", "state", "error", "error_description"}
    assert claims["error"] == "consent_required"


@pytest.mark.rfc("jarm#2.1")
def test_a_denial_is_signed_too(bobs_browser: Browser, printer: Registered) -> None:
    answer = decide(bobs_browser, authorize(bobs_browser, printer, response_mode="jwt"), "deny")

    assert signed_answer(answer, printer)["error"] == "access_denied"


def test_a_pushed_request_may_ask_for_it(bobs_browser: Browser, printer: Registered) -> None:
    reference = pushed(printer, response_mode="jwt")

    asked = bobs_browser.get("/oauth2/authorize", {"client_id": printer.id, "request_uri": reference})

    assert signed_answer(decide(bobs_browser, asked), printer)["state"] == "pushed"


@pytest.mark.rfc("jarm#3")
@pytest.mark.parametrize(("asked", "alg"), [("ES256", "ES256"), ("RS256", "RS256"), (None, "RS256")])
def test_it_is_signed_as_the_client_asked(
    bobs_browser: Browser, register: Callable[..., Registered], asked: str | None, alg: str
) -> None:
    registered = register(metadata={"authorization_signed_response_alg": asked} if asked else {})

    answer = query_of(decide(bobs_browser, authorize(bobs_browser, registered, response_mode="jwt")))

    assert jwt.get_unverified_header(answer["response"])["alg"] == alg
    assert verified(answer["response"], registered)


@pytest.mark.rfc("9068#4")
def test_a_signed_answer_is_no_access_token(bobs_browser: Browser, printer: Registered) -> None:
    answer = query_of(decide(bobs_browser, authorize(bobs_browser, printer, response_mode="jwt")))

    userinfo = Browser().get("/oauth2/userinfo", headers={"Authorization": f"Bearer {answer['response']}"})

    assert userinfo.status_code == 401


@pytest.mark.parametrize("mode", ["JWT", "jwt.query", ".jwt", "web_message", "query jwt"])
def test_an_unknown_mode_is_refused(bobs_browser: Browser, printer: Registered, mode: str) -> None:
    assert query_of(authorize(bobs_browser, printer, response_mode=mode))["error"] == "invalid_request"


@pytest.mark.rfc("jarm#4")
def test_the_metadata_says_so(db: None) -> None:
    metadata = Browser().get("/.well-known/openid-configuration").json()

    assert {"query.jwt", "fragment.jwt", "form_post.jwt", "jwt"} <= set(metadata["response_modes_supported"])
    assert metadata["authorization_signing_alg_values_supported"] == ["ES256", "RS256"]
