from __future__ import annotations

from typing import Any

import jwt
import pytest
from django.test import Client as Browser

from accounts import people
from accounts.models import User
from store.key_managers import builtin
from store.key_managers.base import KeyManagerError
from store.models import Application
from tests.store.conftest import Generated, generate


def send(browser: Browser, generated: Generated) -> Any:
    return browser.post(f"/store/applications/{generated.key.application_id}/production-keys/test-token/")


def test_it_is_shown_once_with_scope_and_lifetime(alices: Browser, generated: Generated) -> None:
    response = send(alices, generated)

    token = response.context["token"]
    claims = jwt.decode(token.access_token, options={"verify_signature": False})
    assert token.access_token in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"
    assert (claims["client_id"], claims["sub"]) == (generated.key.consumer_key, generated.key.consumer_key)
    assert claims["subscriptions"] == {"photos/1.0": "Gold"}
    assert (token.scope, token.expires_in) == ("photos:read photos:write", 3600)


def test_without_client_credentials_it_says_why_not(alices: Browser, subscribed: Application) -> None:
    generated = generate(subscribed, grant_types=["authorization_code"])
    page = alices.get(f"/store/applications/{subscribed.pk}/production-keys/").content.decode()

    assert "Needs the grant type Client Credentials." in page
    assert "needs the grant type Client Credentials." in send(alices, generated).content.decode()


def test_who_may_not_call_is_told_why(alices: Browser, generated: Generated, alice: User) -> None:
    people.stop_applications(alice)

    assert "have stopped this application" in send(alices, generated).content.decode()


def test_a_refusal_of_the_key_manager_is_one_sentence(
    alices: Browser, generated: Generated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise KeyManagerError("The key manager is away.")

    monkeypatch.setattr(builtin.BuiltinKeyManager, "test_token", refuse)
    response = send(alices, generated)

    assert response.status_code == 409
    assert "The key manager is away." in response.content.decode()


def test_by_get_it_leads_to_the_tab(alices: Browser, generated: Generated) -> None:
    address = f"/store/applications/{generated.key.application_id}/production-keys/"

    assert alices.get(f"{address}test-token/").headers["Location"] == address
