"""The e-mail address: confirmed, changed."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client as Browser

from accounts.models import User
from apimanager import environment
from tests.accounts.conftest import SECURITY

EMAIL = "/oauth2/account/email/"
PHRASE = "a long passphrase"
NEW = {"username": "dora", "email": "dora@example.com", "password1": PHRASE, "password2": PHRASE}


def link_in(mail: Any) -> str:
    found = re.search(r"https?://[^/]+(/\S+/confirm-email/\S+)", str(mail.body))
    assert found is not None, mail.body
    return found[1]


def test_signing_up_sends_a_link_that_confirms_the_address(client: Browser, db: None, mailoutbox: list[Any]) -> None:
    client.post("/accounts/signup/", NEW)
    link = link_in(mailoutbox[0])
    assert "Is <strong>dora@example.com</strong> yours, dora?" in client.get(link).content.decode()

    answer = client.post(link)

    assert answer.headers["Location"] == "/accounts/security/"
    assert EmailAddress.objects.get(email="dora@example.com").verified


def test_signing_up_does_not_tell_whose_address_is_known(client: Browser, bob: User, mailoutbox: list[Any]) -> None:
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)

    answer = client.post("/accounts/signup/", NEW | {"email": bob.email})

    assert answer.headers["Location"] == "/store/"
    address = EmailAddress.objects.get(user__username="dora")
    assert not address.verified
    client.post("/accounts/logout/")
    mailoutbox.clear()
    client.post("/accounts/password/reset/", {"email": bob.email})
    assert ["bob" in mail.body and "dora" not in mail.body for mail in mailoutbox] == [True]


def test_a_forgotten_password_fills_no_letter_box(client: Browser, bob: User, mailoutbox: list[Any]) -> None:
    for number in range(9):
        User.objects.create_user(f"mallory{number}", bob.email, PHRASE)

    client.post("/accounts/password/reset/", {"email": bob.email})

    assert len(mailoutbox) == 3
    assert any("bob" in mail.body.replace(bob.email, "") for mail in mailoutbox)


@pytest.mark.parametrize("email", ["bob@example.com", "nobody@example.com"])
def test_whoever_has_a_mail_sent_does_not_say_where_its_links_lead(
    client: Browser, bob: User, mailoutbox: list[Any], email: str
) -> None:
    client.post("/accounts/password/reset/", {"email": email}, headers={"Host": "localhost:4444"})

    [mail] = mailoutbox
    assert f"{settings.PORTAL_URL}/accounts/" in mail.body
    assert "localhost:4444" not in mail.body + mail.subject


def test_an_address_is_confirmed_by_one_account_only(client: Browser, bob: User, mailoutbox: list[Any]) -> None:
    EmailAddress.objects.create(user=bob, email=bob.email, verified=True, primary=True)
    client.post("/accounts/signup/", NEW | {"email": bob.email})

    client.post(link_in(mailoutbox[0]))

    assert [row.user for row in EmailAddress.objects.filter(verified=True)] == [bob]


def test_a_link_that_was_made_up_confirms_nothing(client: Browser, db: None) -> None:
    page = client.get("/accounts/confirm-email/made-up/")

    assert page.status_code in {200, 404}
    assert "This link does not work" in page.content.decode()


def test_a_new_address_counts_once_it_is_confirmed(bobs: Browser, bob: User, mailoutbox: list[Any]) -> None:
    EmailAddress.objects.create(user=bob, email="bob@example.com", verified=True, primary=True)

    page = bobs.post(EMAIL, {"email": "new@example.com", "action_add": ""}, follow=True).content.decode()
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"
    assert "A link is on its way to new@example.com." in page
    bobs.post(link_in(mailoutbox[0]))

    bob.refresh_from_db()
    assert bob.email == "new@example.com"
    assert "new@example.com" in bobs.get(SECURITY).content.decode()


def test_a_change_does_not_tell_whose_address_is_known(bobs: Browser, alice: User, mailoutbox: list[Any]) -> None:
    EmailAddress.objects.create(user=alice, email=alice.email, verified=True, primary=True)

    known, unknown = (
        bobs.post(EMAIL, {"email": email, "action_add": ""}, follow=True).content.decode().replace(email, "@")
        for email in (alice.email, "nobody@example.com")
    )

    assert known.count("@") == unknown.count("@")
    assert "already" not in known + unknown


def test_a_change_can_be_taken_back(bobs: Browser, bob: User) -> None:
    EmailAddress.objects.create(user=bob, email="bob@example.com", verified=True, primary=True)
    bobs.post(EMAIL, {"email": "new@example.com", "action_add": ""})

    bobs.post(EMAIL, {"email": "new@example.com", "action_remove": ""})

    assert not EmailAddress.objects.filter(email="new@example.com").exists()


@pytest.mark.parametrize("typed", ["", "no address", "a@b@c", "x" * 400 + "@example.com"])
def test_what_is_no_address_is_told(bobs: Browser, typed: str) -> None:
    page = bobs.post(EMAIL, {"email": typed, "action_add": ""}).content.decode()

    assert 'class="problem"' in page


def test_the_owner_is_told_of_a_change_of_the_password(bobs: Browser, bob: User, mailoutbox: list[Any]) -> None:
    changed = {"oldpassword": "bob", "password1": "a long passphrase", "password2": "a long passphrase"}

    bobs.post("/oauth2/account/password/change/", changed)

    assert mailoutbox[0].to == ["bob@example.com"]
    assert "password" in mailoutbox[0].subject.lower()


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", ("mail.example", 587, "", "", False)),
        ("smtps://ann:p%40ss@mail.example", ("mail.example", 465, "ann", "p@ss", True)),
        ("smtp://mail.example:2525", ("mail.example", 2525, "", "", False)),
    ],
)
def test_a_mail_server_is_one_address(monkeypatch: pytest.MonkeyPatch, url: str, server: tuple[Any, ...]) -> None:
    monkeypatch.setenv("APIM_EMAIL_URL", url)

    assert environment.mail_server("APIM_EMAIL_URL") == server


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://mail.example:x"])
def test_an_ill_formed_one_stops_the_start(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("APIM_EMAIL_URL", url)

    with pytest.raises(ImproperlyConfigured, match="APIM_EMAIL_URL"):
        environment.mail_server("APIM_EMAIL_URL")
