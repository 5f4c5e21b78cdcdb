"""The account pages at the store's door."""

from __future__ import annotations

from operator import attrgetter

import pytest
from django.conf import settings
from django.test import Client as Browser

from accounts.models import User
from tests.accounts.conftest import session_of
from tests.races import at_once

LOGIN = "/accounts/login/"
NEW = {"username": "dora", "email": "", "password1": "a long passphrase", "password2": "a long passphrase"}


def test_the_form_has_the_words_of_the_walk(client: Browser, db: None) -> None:
    page = client.get(LOGIN).content.decode()

    for words in (">Username</label>", ">Password</label>", ">Sign In</button>"):
        assert words in page


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/password/reset/"])
def test_an_e_mail_address_is_called_so_on_every_form(client: Browser, db: None, path: str) -> None:
    page = client.get(path).content.decode()

    assert ">E-mail address" in page
    assert ">Email" not in page


def test_signing_in_leads_back_to_where_one_was(client: Browser, alice: User) -> None:
    response = client.post(LOGIN, {"login": "alice", "password": "alice", "next": "/store/statistics/"})

    assert response.headers["Location"] == "/store/statistics/"


def test_signing_in_without_a_wish_leads_to_the_catalogue(client: Browser, alice: User) -> None:
    response = client.post(LOGIN, {"login": "alice", "password": "alice"})

    assert response.headers["Location"] == "/store/"


@pytest.mark.parametrize(
    "wish",
    [
        *("https://evil.example/", "//evil.example", "https:evil.example", "javascript:alert(1)", "https://[evil"),
        *("http://127.0.0.1/evil", "https://localhost/evil", "https://testserver/evil"),
    ],
)
def test_a_foreign_next_is_not_followed(client: Browser, alice: User, wish: str) -> None:
    response = client.post(LOGIN, {"login": "alice", "password": "alice", "next": wish})

    assert "evil" not in response.headers["Location"]
    assert "javascript" not in response.headers["Location"]


def test_a_wrong_password_is_one_sentence_and_the_name_stays(client: Browser, alice: User) -> None:
    page = client.post(LOGIN, {"login": "alice", "password": "x", "next": "/store/statistics/"}).content.decode()

    assert "are not correct" in page
    assert 'value="alice"' in page
    assert 'name="next" value="/store/statistics/"' in page


def test_signing_in_at_the_store_is_not_signing_in_at_the_key_manager(client: Browser, alice: User) -> None:
    client.post(LOGIN, {"login": "alice", "password": "alice"})

    assert "__Host-store-session" in client.cookies
    assert "__Host-keymanager-session" not in client.cookies


def test_signing_up_signs_in(client: Browser, db: None) -> None:
    response = client.post("/accounts/signup/", NEW)

    assert response.headers["Location"] == "/store/"
    assert client.get("/store/applications/").context["user"].username == "dora"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"username": "alice"}, "already exists"),
        ({"username": "a"}, "at least 3 characters"),
        ({"password2": "another passphrase"}, "same password"),
        ({"password1": "12345678", "password2": "12345678"}, "entirely numeric"),
    ],
)
def test_bad_sign_up_is_told(client: Browser, alice: User, changes: dict[str, str], sentence: str) -> None:
    page = client.post("/accounts/signup/", NEW | changes).content.decode()

    assert sentence in page
    assert not User.objects.filter(username="dora").exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("other", ["dora", "Dora"])
def test_of_two_who_take_a_name_at_once_one_is_told(other: str) -> None:
    names = iter(["dora", other])

    answers = at_once(2, lambda: Browser().post("/accounts/signup/", NEW | {"username": next(names)}))

    told, signed_up = sorted(answers, key=attrgetter("status_code"))
    assert (told.status_code, signed_up.status_code) == (200, 302)
    assert "already exists" in told.content.decode()


def test_signing_out_asks_and_then_leads_to_the_catalogue(client: Browser, alice: User) -> None:
    client.post(LOGIN, {"login": "alice", "password": "alice"})

    assert "Do you want to sign out, alice?" in client.get("/accounts/logout/").content.decode()
    assert client.post("/accounts/logout/").headers["Location"] == "/store/"
    assert client.get("/store/applications/").status_code == 302


def test_a_forgotten_password_is_set_anew(client: Browser, alice: User, mailoutbox: list[object]) -> None:
    client.post("/accounts/password/reset/", {"email": "alice@example.com"})
    link = next(line for line in str(mailoutbox[0].body).split() if "/password/reset/key/" in line)  # type: ignore[attr-defined]

    form = client.get(link.removeprefix(settings.PORTAL_URL), follow=True)
    chosen = {"password1": "a long passphrase", "password2": "a long passphrase"}
    client.post(form.request["PATH_INFO"], chosen)

    alice.refresh_from_db()
    assert alice.check_password("a long passphrase")


def test_an_unknown_address_is_answered_in_the_same_words(client: Browser, alice: User) -> None:
    known = client.post("/accounts/password/reset/", {"email": "alice@example.com"})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert known.headers["Location"] == unknown.headers["Location"]


def test_a_link_that_is_too_old_says_so(client: Browser, db: None) -> None:
    page = client.get("/accounts/password/reset/key/1-set-password/").content.decode()

    assert "This link does not work" in page


def test_signing_up_at_the_key_manager_stays_there_and_is_a_sign_in(client: Browser, db: None) -> None:
    response = client.post("/oauth2/account/signup/", NEW)

    assert response.headers["Location"] == "/oauth2/"
    assert [record["method"] for record in session_of(client)["account_authentication_methods"]] == ["password"]
