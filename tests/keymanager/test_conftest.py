"""The shortcuts of this folder's tests are what they stand for."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client as Browser

from accounts.models import Device, User
from keymanager import signing_keys
from tests.keymanager import keys
from tests.keymanager.conftest import sign_in, signed_in

# Made by the first page that has a form.
LATER = {"_csrftoken"}


def session_of(browser: Browser) -> dict[str, Any]:
    """Without what differs from one sign-in to the next."""
    key = browser.cookies[settings.KEYMANAGER_SESSION_COOKIE_NAME].value
    session = {name: value for name, value in SessionStore(key).items() if name not in LATER}
    assert session["device"].pop("key") == key
    assert session["device"].pop("at") >= session["account_authentication_methods"][0].pop("at")
    return session


def test_who_is_signed_in_is_as_after_the_sign_in_page(bob: User) -> None:
    typed, made = sign_in(Browser(), "bob"), signed_in(bob)

    assert session_of(made) == session_of(typed)


def test_their_devices_are_the_same(bob: User) -> None:
    sign_in(Browser(), "bob")
    signed_in(bob)

    seen = Device.objects.filter(user=bob).values_list("at_key_manager", "address", "user_agent")

    assert len(seen) == 2
    assert len(set(seen)) == 1


def test_signing_keys_are_different_and_those_of_rsa_come_back() -> None:
    one, other = keys.signing_key_maker(), keys.signing_key_maker()

    first, second = one("RS256"), one("RS256")

    assert signing_keys.public_members(first) != signing_keys.public_members(second)
    assert other("RS256") is first
    assert first.key_size == signing_keys.RSA_BITS
