"""The advanced part of the keys form, as a developer uses it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client as Browser

from keymanager.models import Client
from store.models import Application
from tests.store.conftest import Generated, typed

pytestmark = pytest.mark.django_db
KEYS = json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "kid": "1"}]})
FAPI = {"security_profile": "fapi-2.0", "authentication_method": "private_key_jwt", "public_keys": KEYS}


def address(application: Application, deed: str = "") -> str:
    return f"/store/applications/{application.pk}/production-keys/{deed}"


def fill(**changes: Any) -> dict[str, Any]:
    advanced = {"authentication_method": "", "public_keys": "", "post_logout_urls": "", "backchannel_logout_url": ""}
    return typed(security_profile="baseline", **advanced) | changes


def test_one_switch_puts_a_client_under_a_profile(alices: Browser, subscribed: Application) -> None:
    page = alices.post(address(subscribed), fill(**FAPI))

    assert page.status_code == 200, page.content
    client = Client.objects.get()
    assert client.registered("security_profile") == "fapi-2.0"
    assert client.registered("token_endpoint_auth_method") == "private_key_jwt"
    assert client.registered("jwks") == json.loads(KEYS)


def test_addresses_for_signing_out_are_the_client_s(alices: Browser, subscribed: Application) -> None:
    urls = "https://printer.example/bye\nhttps://printer.example/bye"
    alices.post(address(subscribed), fill(post_logout_urls=urls, backchannel_logout_url="https://printer.example/out"))

    client = Client.objects.get()
    assert client.post_logout_redirect_uris == "https://printer.example/bye"
    assert client.registered("backchannel_logout_uri") == "https://printer.example/out"


def test_the_page_shows_what_was_chosen(alices: Browser, subscribed: Application) -> None:
    alices.post(address(subscribed), fill(**FAPI, post_logout_urls="https://printer.example/bye"))
    page = alices.get(address(subscribed)).content.decode()

    assert '<option value="fapi-2.0" selected>' in page
    assert "https://printer.example/bye" in page
    assert '<details class="more" open>' in page


@pytest.mark.rfc("oidc-core#3.1.3.7")
@pytest.mark.parametrize(
    ("changes", "algorithm"),
    [({}, "RS256"), ({"id_token_algorithm": "ES256"}, "ES256"), (FAPI, "ES256")],
    ids=["nothing", "ES256", "FAPI"],
)
def test_id_tokens_are_signed_as_libraries_expect_unless_told_otherwise(
    alices: Browser, subscribed: Application, changes: dict[str, str], algorithm: str
) -> None:
    alices.post(address(subscribed), fill(**changes))

    assert Client.objects.get().id_token_signed_response_alg == algorithm
    chosen = '<option value="ES256" selected>' in alices.get(address(subscribed)).content.decode()
    assert chosen == (algorithm == "ES256")


def test_what_an_administrator_decided_outlives_an_update(alices: Browser, generated: Generated) -> None:
    client = Client.objects.get()
    client.metadata = {"refuse_unknown_scopes": True, "security_profile": "oauth-2.1"}
    client.save()

    alices.post(address(generated.key.application, "update/"), fill(grant_types=["client_credentials"]))

    assert Client.objects.get().metadata == {"refuse_unknown_scopes": True, "security_profile": "baseline"}


def test_a_device_may_be_allowed(alices: Browser, subscribed: Application) -> None:
    name = "urn:ietf:params:oauth:grant-type:device_code"
    alices.post(address(subscribed), fill(grant_types=[name]))

    assert Client.objects.get().grant_types == [name]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"public_keys": "http://printer.example/jwks"}, "Enter an address that begins with https://"),
        ({"public_keys": "[]"}, "Enter an address that begins with https://"),
        ({"public_keys": "[" * 5000}, "Enter an address that begins with https://"),
        ({"public_keys": '{"keys": [{"kty": "EC", "d": "AA"}]}'}, "This holds a private key"),
        ({"authentication_method": "private_key_jwt"}, "Enter the public keys"),
        ({"security_profile": "fapi-2.0"}, "asks for a signature or a certificate"),
        ({"security_profile": "oauth-2.1", "grant_types": ["password"]}, "does not allow Password"),
        ({**FAPI, "public": "on"}, "untick “Public client”"),
        ({"post_logout_urls": "http://printer.example/bye"}, "Use https"),
        ({"backchannel_logout_url": "javascript:alert(1)"}, "backchannel_logout_uri"),
        ({"security_profile": "strictest"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_told_where_it_stands(
    alices: Browser, subscribed: Application, changes: dict[str, Any], sentence: str
) -> None:
    page = alices.post(address(subscribed), fill(**changes))

    assert sentence in page.content.decode()
    assert not Client.objects.exists()


def test_who_does_not_ask_for_them_leaves_them(alices: Browser, generated: Generated) -> None:
    application = generated.key.application
    alices.post(address(application, "update/"), fill(post_logout_urls="https://printer.example/bye"))
    alices.post(address(application, "update/"), typed(access_token_lifetime="60"))

    client = Client.objects.get()
    assert client.access_token_lifetime == 60
    assert client.post_logout_redirect_uris == "https://printer.example/bye"


def test_a_subscription_changes_nothing_of_them(alices: Browser, generated: Generated) -> None:
    alices.post(address(generated.key.application, "update/"), fill(**FAPI))
    generated.key.application.subscriptions.all().delete()

    assert Client.objects.get().registered("security_profile") == "fapi-2.0"
