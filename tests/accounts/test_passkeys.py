"""Passkeys, as far as they go without a browser; with one it is tests/journeys/test_accounts.py."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client as Browser

from accounts.models import User
from tests.accounts.conftest import LOGIN, SECURITY, TWO_STEP

ADD = f"{TWO_STEP}webauthn/add/"
SIGN_IN = f"{TWO_STEP}webauthn/login/"
WORDS = "This passkey was not accepted"


def wire(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def credential(**response: Any) -> dict[str, Any]:
    return {"type": "public-key", "id": "AAAA", "rawId": "AAAA", "response": response, "clientExtensionResults": {}}


CLIENT_DATA = wire(b'{"type":"webauthn.get","challenge":"AAAA","origin":"https://localhost:9443"}')
HOSTILE = [
    "",
    "null",
    "[]",
    "1",
    '"x"',
    "{}",
    "{",
    "[" * 30_000,
    "9" * 5_000,
    "x" * 50_000,
    '{"response": null}',
    '{"response": {"userHandle": null}}',
    json.dumps(credential()),
    json.dumps(credential(userHandle=wire(b"zzzzzzzzzzzzzzzzzzzzzzzzzzz"), clientDataJSON=CLIENT_DATA)),
    json.dumps(credential(userHandle=wire(b"\xff\xfe"), clientDataJSON="!", authenticatorData="!", signature="!")),
    json.dumps(
        credential(userHandle=wire(b"1"), clientDataJSON=CLIENT_DATA, authenticatorData=wire(b"short"), signature="AA")
    ),
    json.dumps(
        credential(
            clientDataJSON=wire(b"[]"), attestationObject=wire(b"\x9f" * 2000), authenticatorData=wire(b"\xa1" * 90)
        )
    ),
    json.dumps({"id": "\ud800", "rawId": "\ud800", "response": {"userHandle": "\ud800"}}),
    json.dumps({"id": 1, "rawId": 1, "type": 1, "response": 1, "clientExtensionResults": 1}),
]


@pytest.mark.parametrize("sent", HOSTILE)
def test_a_hostile_answer_at_sign_in_is_a_sentence(client: Browser, bob: User, sent: str) -> None:
    client.get(SIGN_IN, headers={"Accept": "application/json"})

    answer = client.post(SIGN_IN, {"credential": sent, "next": "/oauth2/device"})

    assert answer.headers["Location"] == f"{LOGIN}?next=%2Foauth2%2Fdevice"
    assert 'class="notice notice-error"' in client.get(answer.headers["Location"]).content.decode()


@pytest.mark.parametrize("sent", HOSTILE)
def test_a_hostile_answer_when_adding_is_a_sentence(bobs: Browser, bob: User, sent: str) -> None:
    bobs.get(ADD)

    page = bobs.post(ADD, {"credential": sent, "name": "Laptop"})

    assert page.status_code == 200
    assert 'value="Laptop"' in page.content.decode()
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("sent", HOSTILE)
def test_a_hostile_answer_as_second_step_is_a_sentence(client: Browser, secret: str, sent: str) -> None:
    client.post(LOGIN, {"login": "bob", "password": "bob"})

    page = client.post(f"{TWO_STEP}authenticate/", {"credential": sent})

    assert page.status_code == 200
    assert client.get(SECURITY).status_code == 302


def test_the_question_names_the_portal_and_asks_for_a_pin_or_a_finger(bobs: Browser, settings: Any) -> None:
    page = bobs.get(ADD).content.decode()
    asked = json.loads(re.search(r'<script id="passkey-options"[^>]*>(.*?)</script>', page)[1])["publicKey"]  # type: ignore[index]

    assert asked["rp"]["id"] == "localhost"
    assert asked["user"]["name"] == "bob"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "required"


@pytest.mark.parametrize("door", ["/oauth2/account/", "/accounts/"])
def test_both_doors_offer_it_and_the_password_works_without(client: Browser, db: None, door: str) -> None:
    page = client.get(f"{door}login/?next=/x").content.decode()

    assert f'action="{door}two-step/webauthn/login/" data-passkey="get"' in page
    assert page.index('name="password"') < page.index("Use a passkey instead")


def test_pages_have_no_script_of_their_own(bobs: Browser) -> None:
    for address in (ADD, f"{TWO_STEP}totp/activate/", SECURITY):
        page = bobs.get(address).content.decode()
        assert not re.search(r"<script(?![^>]*(src=|application/json))", page)
        assert not re.search(r"\s(style|onclick)=", page)


def test_somebody_else_s_passkey_cannot_be_renamed_or_removed(bobs: Browser, charlie: User) -> None:
    row = Authenticator.objects.create(user=charlie, type="webauthn", data={"name": "Phone", "credential": {}})

    assert bobs.get(f"{TWO_STEP}webauthn/keys/{row.pk}/edit/").status_code == 404
    assert bobs.post(f"{TWO_STEP}webauthn/keys/{row.pk}/remove/").status_code == 404
    assert Authenticator.objects.filter(pk=row.pk).exists()


def test_a_passkey_is_renamed_and_removed(bobs: Browser, bob: User) -> None:
    row = Authenticator.objects.create(user=bob, type="webauthn", data={"name": "Phone", "credential": {}})

    bobs.post(f"{TWO_STEP}webauthn/keys/{row.pk}/edit/", {"name": "Old phone"})
    assert "Old phone" in bobs.get(SECURITY).content.decode()
    removed = bobs.post(f"{TWO_STEP}webauthn/keys/{row.pk}/remove/", follow=True).content.decode()

    assert "The passkey is removed." in removed
    assert not Authenticator.objects.exists()
