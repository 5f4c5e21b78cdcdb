"""Before a consumer secret is shown, who signed in long ago is asked again, and nothing typed is lost."""

from __future__ import annotations

import re

import pytest
from django.test import Client as Browser

from accounts.models import User
from store.models import Application, ApplicationKey
from tests.store.conftest import Generated, proved, typed

AGAIN = "/accounts/reauthenticate/"


@pytest.fixture
def stale(alices: Browser, alice: User) -> Browser:
    """alice's browser, an hour after she signed in."""
    proved(alices, alice, seconds_ago=3600)
    return alices


def keys_of(application: Application) -> str:
    return f"/store/applications/{application.pk}/production-keys/"


def test_who_just_signed_in_gets_keys_at_once(alices: Browser, subscribed: Application) -> None:
    page = alices.post(keys_of(subscribed), typed())

    assert "cannot be shown again" in page.content.decode()


def test_looking_at_the_tab_asks_nothing(stale: Browser, subscribed: Application) -> None:
    assert stale.get(keys_of(subscribed)).status_code == 200


def test_generating_goes_on_with_what_was_typed(stale: Browser, subscribed: Application) -> None:
    ask = stale.post(keys_of(subscribed), typed(callback_url="https://printer.example/typed"))
    assert ask.headers["Location"].startswith(AGAIN)
    assert not ApplicationKey.objects.exists()

    page = stale.post(ask.headers["Location"], {"password": "alice"}).content.decode()

    assert "cannot be shown again" in page
    assert "https://printer.example/typed" in page


def test_a_wrong_password_generates_nothing(stale: Browser, subscribed: Application) -> None:
    ask = stale.post(keys_of(subscribed), typed())

    page = stale.post(ask.headers["Location"], {"password": "x"}).content.decode()

    assert "Incorrect password" in page
    assert not ApplicationKey.objects.exists()


def test_regenerating_asks_before_it_says_what_breaks(
    stale: Browser, generated: Generated, subscribed: Application
) -> None:
    address = f"{keys_of(subscribed)}regenerate/"
    ask = stale.get(address)
    assert ask.headers["Location"] == f"{AGAIN}?next={address.replace('/', '%2F')}"

    answer = stale.post(ask.headers["Location"], {"password": "alice"})

    assert answer.headers["Location"] == address
    assert re.search(r'name="replaces"', stale.get(address).content.decode())
