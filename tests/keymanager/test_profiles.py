from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from keymanager import profiles
from tests.keymanager.conftest import (
    VERIFIER,
    Registered,
    authorize,
    challenge,
    code_for,
    exchange,
    post_token,
    query_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def modern(register: Callable[..., Registered]) -> Registered:
    """A confidential client held to OAuth 2.1."""
    return register(metadata={"security_profile": "oauth-2.1"})


@pytest.mark.rfc("oauth-2.1#4.1.1")
def test_in_oauth_2_1_everybody_sends_a_challenge(bobs_browser: Browser, modern: Registered) -> None:
    assert "PKCE is mandatory" in query_of(authorize(bobs_browser, modern))["error_description"]

    code = code_for(bobs_browser, modern, **challenge())

    assert exchange(modern, code, code_verifier=VERIFIER).status_code == 200


@pytest.mark.rfc("oauth-2.1#10.2")
def test_in_oauth_2_1_the_exchange_need_not_name_the_redirect_uri_again(
    bobs_browser: Browser, modern: Registered
) -> None:
    code = code_for(bobs_browser, modern, **challenge())
    parameters = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER}

    wrong = post_token(modern, **parameters, redirect_uri="https://printer.example/other")

    assert wrong.json()["error"] == "invalid_grant"
    assert post_token(modern, **parameters).status_code == 200


@pytest.mark.rfc("oauth-2.1#10.2")
def test_a_code_without_a_challenge_is_for_who_names_the_redirect_uri(
    bobs_browser: Browser, printer: Registered
) -> None:
    code = code_for(bobs_browser, printer)
    printer.client.metadata["security_profile"] = "oauth-2.1"
    printer.client.save(update_fields=["metadata"])

    assert post_token(printer, grant_type="authorization_code", code=code).json()["error"] == "invalid_grant"


@pytest.mark.rfc("oauth-2.1#10.1")
@pytest.mark.parametrize("response_type", ["token", "id_token", "code token", "code id_token"])
def test_in_oauth_2_1_there_is_no_implicit_grant(bobs_browser: Browser, modern: Registered, response_type: str) -> None:
    asked = authorize(bobs_browser, modern, response_type=response_type, scope="openid", nonce="n", **challenge())

    assert query_of(asked)["error"] == "unauthorized_client"


@pytest.mark.rfc("oauth-2.1#10")
def test_in_oauth_2_1_there_is_no_password_grant(modern: Registered, bob: object) -> None:
    response = post_token(modern, grant_type="password", username="bob", password="bob")

    assert response.status_code == 400
    assert response.json()["error"] == "unauthorized_client"


@pytest.mark.rfc("oauth-2.1#4.3.1")
def test_in_oauth_2_1_a_public_client_s_refresh_token_rotates(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    public = register(public=True, metadata={"security_profile": "oauth-2.1"})
    pair = exchange(public, code_for(bobs_browser, public, **challenge()), code_verifier=VERIFIER).json()

    again = post_token(public, grant_type="refresh_token", refresh_token=pair["refresh_token"]).json()

    assert again["refresh_token"] != pair["refresh_token"]


def test_the_profile_of_one_client_is_not_another_s(bobs_browser: Browser, printer: Registered) -> None:
    assert profiles.of(printer.client) is profiles.BASELINE
    assert exchange(printer, code_for(bobs_browser, printer)).status_code == 200


@pytest.mark.parametrize("name", list(profiles.PROFILES))
def test_every_profile_can_be_registered(register: Callable[..., Registered], name: str) -> None:
    from keymanager import client_metadata

    client_metadata.check({"security_profile": name})

    assert profiles.of(register(metadata={"security_profile": name}).client) is profiles.PROFILES[name]


def test_a_profile_s_demands_are_named_where_they_are_not_met(register: Callable[..., Registered]) -> None:
    message_signing = profiles.of(register(metadata={"security_profile": "fapi-2.0-message-signing"}).client)

    assert message_signing.requires_pushed_requests
    assert message_signing.requires_signed_requests
    assert message_signing.requires_signed_responses


@pytest.mark.rfc("6749#4.1.2")
def test_elsewhere_a_code_lives_longer(bobs_browser: Browser, printer: Registered) -> None:
    code = code_for(bobs_browser, printer)

    with time_machine.travel(timezone.now() + timedelta(seconds=120)):
        assert exchange(printer, code).status_code == 200
