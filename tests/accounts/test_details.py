"""The page "Your details"."""

from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import PersonalDetails, User

pytestmark = pytest.mark.django_db
PAGES = ["/accounts/details/", "/oauth2/account/details/"]


@pytest.fixture
def bobs_browser(bob: User) -> Browser:
    browser = Browser()
    browser.force_login(bob)
    return browser


@pytest.mark.parametrize("address", PAGES)
def test_a_stranger_is_asked_to_sign_in(db: None, address: str) -> None:
    assert "/login/" in Browser().get(address)["Location"]


def test_what_is_saved_is_there_again(bobs_browser: Browser, bob: User) -> None:
    values = {"first_name": "Bob", "last_name": "Barker", "birthdate": "1990-04-23", "zoneinfo": "Europe/Berlin"}

    assert bobs_browser.post(PAGES[0], values).status_code == 302

    bob.refresh_from_db()
    assert (bob.last_name, bob.details.birthdate) == ("Barker", "1990-04-23")
    assert "1990-04-23" in bobs_browser.get(PAGES[0]).content.decode()


@pytest.mark.rfc("oidc-core#5.1")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("birthdate", "1990-02-30"),
        ("birthdate", "3000-01-01"),
        ("birthdate", "23.04.1990"),
        ("birthdate", "19900423"),
        ("zoneinfo", "Europe/Nowhere"),
        ("locale", "english"),
        ("locale", "en_GB"),
        ("website", "http://bob.example/"),
        ("picture", "javascript:alert(1)"),
        ("phone_number", "0207 946 0000"),
        ("gender", "\x00"),
        ("nickname", "b" * 151),
    ],
)
def test_a_value_that_cannot_be_is_told_in_its_place(bobs_browser: Browser, bob: User, name: str, value: str) -> None:
    response = bobs_browser.post(PAGES[0], {"first_name": "Robert", name: value})

    assert response.status_code == 200
    assert f'id="id_{name}_error"' in response.content.decode()
    assert not PersonalDetails.objects.exists()


@pytest.mark.rfc("oidc-core#5.1")
@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("birthdate", "1990", "1990"),
        ("birthdate", "0000-02-29", "0000-02-29"),
        ("locale", "zh-Hant-TW", "zh-Hant-TW"),
        ("phone_number", "+44 (20) 7946-0000", "+442079460000"),
        ("zoneinfo", "UTC", "UTC"),
        ("website", "https://bob.example/", "https://bob.example/"),
    ],
)
def test_a_value_that_can_be_is_kept(bobs_browser: Browser, name: str, value: str, kept: str) -> None:
    bobs_browser.post(PAGES[0], {name: value})

    assert getattr(PersonalDetails.objects.get(), name) == kept


def test_another_number_is_not_a_confirmed_one(bobs_browser: Browser, bob: User) -> None:
    PersonalDetails.objects.create(user=bob, phone_number="+442079460000", phone_number_verified=True)

    bobs_browser.post(PAGES[0], {"phone_number": "+442079460001", "phone_number_verified": "on"})

    assert not PersonalDetails.objects.get().phone_number_verified


def test_the_page_is_found_from_the_menu(bobs_browser: Browser) -> None:
    assert "/accounts/details/" in bobs_browser.get("/store/applications/").content.decode()
