from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from keymanager import authorizations, tokens
from keymanager.models import Authorization, AuthorizationCode, RefreshToken
from tests.keymanager.conftest import CALLBACK, VERIFIER, Registered, challenge, code_for, exchange, post_token

pytestmark = pytest.mark.django_db


@pytest.mark.rfc("6749#5.1")
def test_a_code_becomes_a_token_once(bobs_browser: Browser, printer: Registered) -> None:
    response = exchange(printer, code_for(bobs_browser, printer))

    assert response.status_code == 200
    assert set(response.json()) == {"scope", "token_type", "expires_in", "refresh_token", "access_token"}
    assert response.json() | {"access_token": "", "refresh_token": ""} == {
        "scope": "photos:read",
        "token_type": "Bearer",
        "expires_in": 3600,
        "access_token": "",
        "refresh_token": "",
    }
    assert response["Cache-Control"] == "no-store"
    assert response["Pragma"] == "no-cache"


def test_the_page_s_own_scope_is_accepted_and_dropped(bobs_browser: Browser, printer: Registered) -> None:
    response = exchange(printer, code_for(bobs_browser, printer, scope="PRODUCTION"))

    assert response.json()["scope"] == "default"


def test_without_any_scope_default_remains(bobs_browser: Browser, printer: Registered) -> None:
    assert exchange(printer, code_for(bobs_browser, printer, scope=None)).json()["scope"] == "default"


def test_the_refresh_token_is_left_out_without_that_grant_type(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    registered = register(grant_types=["authorization_code"])

    assert "refresh_token" not in exchange(registered, code_for(bobs_browser, registered)).json()


@pytest.mark.rfc("6749#10.5")
def test_a_replay_is_refused_and_revokes_what_the_first_use_produced(
    bobs_browser: Browser, printer: Registered
) -> None:
    code = code_for(bobs_browser, printer)
    first = exchange(printer, code).json()

    again = exchange(printer, code)

    assert again.status_code == 400
    assert again.json()["error"] == "invalid_grant"
    assert tokens.find(first["access_token"]) is None
    refreshed = post_token(printer, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert refreshed.json()["error"] == "invalid_grant"
    assert Authorization.objects.get().revoked_reason == "replay"


@pytest.mark.rfc("6749#4.1.2")
def test_an_expired_code_is_refused(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer)
    AuthorizationCode.objects.update(expires=timezone.now() - timedelta(seconds=1))

    assert exchange(printer, code).json()["error"] == "invalid_grant"


@pytest.mark.rfc("6749#4.1.3")
def test_another_redirect_uri_is_refused_and_uses_nothing_up(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer)

    refused = exchange(printer, code, redirect_uri=CALLBACK + "/")

    assert refused.json() == {"error": "invalid_grant", "error_description": "Callback url mismatch"}
    assert exchange(printer, code).status_code == 200


@pytest.mark.rfc("6749#4.1.3")
def test_a_missing_redirect_uri_is_refused(bobs_browser: Browser, printer: Registered) -> None:
    response = post_token(printer, grant_type="authorization_code", code=code_for(bobs_browser, printer))

    assert response.json()["error"] == "invalid_request"


@pytest.mark.rfc("6749#4.1.3")
def test_another_client_cannot_use_the_code(
    bobs_browser: Browser, printer: Registered, register: Callable[..., Registered]
) -> None:
    code = code_for(bobs_browser, printer)

    assert exchange(register(), code).json()["error"] == "invalid_grant"
    assert exchange(printer, code).status_code == 200


@pytest.mark.rfc("7636#4.6")
def test_the_right_verifier_is_accepted(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer, **challenge())

    assert exchange(printer, code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.rfc("7636#4.6")
@pytest.mark.parametrize("verifier", ["", "short", VERIFIER.upper(), VERIFIER + "é" * 10])
def test_a_wrong_verifier_is_refused(bobs_browser: Browser, printer: Registered, verifier: str) -> None:
    code = code_for(bobs_browser, printer, **challenge())

    response = exchange(printer, code, code_verifier=verifier)

    assert response.json()["error"] == "invalid_grant"
    assert exchange(printer, code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.rfc("9700#2.1.1")
def test_a_verifier_without_a_challenge_is_refused(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer)

    assert exchange(printer, code, code_verifier=VERIFIER).json()["error"] == "invalid_grant"


def test_a_public_client_exchanges_without_a_secret(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(public=True)
    code = code_for(bobs_browser, registered, **challenge())

    assert exchange(registered, code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.parametrize("code", ["nonsense", "x" * 5000, "ünïcode"])
def test_an_unknown_code_is_refused(printer: Registered, code: str) -> None:
    assert exchange(printer, code).json()["error"] == "invalid_grant"


def test_a_code_whose_authorization_was_revoked_is_refused(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer)
    authorizations.revoke(Authorization.objects.get().pk, reason="withdrawn")

    assert exchange(printer, code).json()["error"] == "invalid_grant"
    assert not RefreshToken.objects.exists()


def test_the_lifetime_is_the_client_s(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(access_token_lifetime=60)

    assert exchange(registered, code_for(bobs_browser, registered)).json()["expires_in"] == 60


def test_no_token_stands_in_the_database(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(access_token_format="OPAQUE")
    answer = exchange(registered, code_for(bobs_browser, registered)).json()

    rows = [*RefreshToken.objects.values(), *Authorization.objects.values(), *AuthorizationCode.objects.values()]
    assert answer["refresh_token"] not in str(rows)
    assert tokens.find(answer["access_token"]) is not None
