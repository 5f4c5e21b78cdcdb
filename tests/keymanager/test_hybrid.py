from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from django.test import Client as Browser

from keymanager import oidc
from tests.keymanager.conftest import CALLBACK, Registered, authorize, decide, exchange, query_of

pytestmark = pytest.mark.django_db
HYBRID = {"scope": "openid photos:read", "nonce": "n-1"}


def decoded(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


@pytest.mark.rfc("oidc-core#3.3.2.5")
@pytest.mark.parametrize(
    ("response_type", "members"),
    [
        ("code id_token", {"code", "id_token"}),
        ("code token", {"code", "access_token", "token_type", "expires_in", "scope"}),
        ("token id_token code", {"code", "id_token", "access_token", "token_type", "expires_in", "scope"}),
    ],
)
def test_a_hybrid_answer_comes_in_the_fragment(
    bobs_browser: Browser, printer: Registered, response_type: str, members: set[str]
) -> None:
    answer = decide(bobs_browser, authorize(bobs_browser, printer, response_type=response_type, **HYBRID))

    assert "#" in answer["Location"]
    assert set(query_of(answer)) == members | {"iss", "state", "session_state"}


@pytest.mark.rfc("oidc-core#3.3.2.11")
def test_the_id_token_vouches_for_code_and_token(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer, response_type="code id_token token", **HYBRID)

    answer = query_of(decide(bobs_browser, asked))

    claims = decoded(answer["id_token"])
    assert claims["c_hash"] == oidc.half_hash(answer["code"])
    assert claims["at_hash"] == oidc.half_hash(answer["access_token"])
    assert claims["nonce"] == "n-1"


def test_the_code_of_a_hybrid_answer_can_be_exchanged(bobs_browser: Browser, printer: Registered) -> None:
    asked = authorize(bobs_browser, printer, response_type="code id_token", **HYBRID)

    response = exchange(printer, query_of(decide(bobs_browser, asked))["code"])

    assert response.status_code == 200
    assert decoded(response.json()["id_token"])["nonce"] == "n-1"


@pytest.mark.parametrize("grant_types", [["authorization_code"], ["implicit"]])
def test_hybrid_needs_both_ticked(
    bobs_browser: Browser, register: Callable[..., Registered], grant_types: list[str]
) -> None:
    answer = authorize(bobs_browser, register(grant_types=grant_types), response_type="code token", **HYBRID)

    assert query_of(answer)["error"] == "unauthorized_client"


def test_an_id_token_needs_a_nonce_here_too(bobs_browser: Browser, printer: Registered) -> None:
    answer = authorize(bobs_browser, printer, response_type="code id_token", scope="openid")

    assert query_of(answer)["error"] == "invalid_request"


def test_a_public_client_needs_its_challenge_here_too(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    answer = authorize(bobs_browser, register(public=True), response_type="code token", **HYBRID)

    assert "PKCE is mandatory" in query_of(answer)["error_description"]


def members_of(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))


@pytest.mark.rfc("oauth-form-post#2")
@pytest.mark.parametrize("response_type", ["code", "id_token token", "code id_token"])
def test_an_answer_may_be_posted(bobs_browser: Browser, printer: Registered, response_type: str) -> None:
    asked = authorize(
        bobs_browser, printer, response_type=response_type, response_mode="form_post", state='"><b>', **HYBRID
    )

    page = decide(bobs_browser, asked)

    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    assert f'action="{CALLBACK}"' in page.content.decode()
    assert members_of(page.content.decode())["state"] == "&quot;&gt;&lt;b&gt;"
    assert set(members_of(page.content.decode())) >= {"iss", "state"}


def test_a_refusal_may_be_posted_too(bobs_browser: Browser, printer: Registered) -> None:
    page = authorize(bobs_browser, printer, response_mode="form_post", prompt="none")

    assert members_of(page.content.decode())["error"] == "consent_required"


@pytest.mark.rfc("oauth-multiple-response-types#5")
@pytest.mark.parametrize("response_type", ["token", "code id_token"])
def test_tokens_never_travel_in_a_query(bobs_browser: Browser, printer: Registered, response_type: str) -> None:
    answer = authorize(bobs_browser, printer, response_type=response_type, response_mode="query", **HYBRID)

    assert "#" in answer["Location"]
    assert query_of(answer)["error"] == "invalid_request"
