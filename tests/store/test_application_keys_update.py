from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from store.key_managers import builtin
from store.key_managers.base import KeyManagerError
from store.models import Application
from tests.store.conftest import CALLBACK, Generated, generate, typed


def send(browser: Browser, generated: Generated, **changes: Any) -> Any:
    address = f"/store/applications/{generated.key.application_id}/production-keys/update/"
    return browser.post(address, typed(**changes))


def test_it_works(alices: Browser, generated: Generated) -> None:
    response = send(
        alices,
        generated,
        callback_url="https://press.example/cb",
        grant_types=["authorization_code", "implicit"],
        scopes=["photos:read"],
        access_token_lifetime="60",
    )

    client = generated.client
    assert response.status_code == 302
    assert client.redirect_uris == "https://press.example/cb"
    assert client.grant_types == ["authorization_code", "implicit"]
    assert (client.scopes, client.access_token_lifetime) == (["photos:read"], 60)


def test_key_and_secret_stay(alices: Browser, generated: Generated) -> None:
    before = generated.client.secrets.get().checksum
    send(alices, generated)

    assert generated.client.secrets.get().checksum == before
    assert generated.client.client_id == generated.key.consumer_key


def test_clearing_the_callback_while_code_is_ticked_is_refused(alices: Browser, generated: Generated) -> None:
    page = send(alices, generated, callback_url="").content.decode()

    assert "Enter a callback URL, or untick Code and Implicit" in page
    assert generated.client.redirect_uris == CALLBACK


def test_a_refusal_is_told_above_everything_else(alices: Browser, generated: Generated) -> None:
    page = send(alices, generated, access_token_lifetime="0").content.decode()

    assert page.index("Nothing was changed. Each field below says what it needs.") < page.index("Consumer Key")
    assert "Nothing was changed" not in send(alices, generated).content.decode()


def test_clearing_both_works(alices: Browser, generated: Generated) -> None:
    send(alices, generated, callback_url="", grant_types=["client_credentials"])

    assert generated.client.redirect_uris == ""
    assert generated.client.grant_types == ["client_credentials"]


def test_a_public_client_cannot_be_given_client_credentials(alices: Browser, subscribed: Application) -> None:
    public = generate(subscribed, public=True, grant_types=["authorization_code"])
    page = send(alices, public, grant_types=["client_credentials"]).content.decode()

    assert "A public client has no secret" in page


def test_a_public_client_keeps_its_private_scheme(alices: Browser, subscribed: Application) -> None:
    public = generate(subscribed, public=True, grant_types=["authorization_code"])

    assert send(alices, public, callback_url="com.example.app:/cb").status_code == 302


def test_a_refusal_of_the_key_manager_is_told(
    alices: Browser, generated: Generated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise KeyManagerError("The key manager is away.")

    monkeypatch.setattr(builtin.BuiltinKeyManager, "update", refuse)
    assert "The key manager is away." in send(alices, generated).content.decode()


def test_without_keys_and_by_get_it_leads_to_the_tab(alices: Browser, printer: Application) -> None:
    address = f"/store/applications/{printer.pk}/production-keys/"

    assert alices.get(f"{address}update/").headers["Location"] == address
    assert alices.post(f"{address}update/", typed()).headers["Location"] == address
