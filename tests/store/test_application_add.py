from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from store import applications
from store.models import Application
from tests.store.conftest import add

URL = "/store/applications/add/"
FIELDS = {"name": "Photo Printer", "policy": "20PerMin", "description": "Prints.", "token_type": "OAUTH"}


def send(browser: Browser, **changes: str) -> Any:
    return browser.post(URL, FIELDS | changes)


def test_it_works(alices: Browser, alice: User) -> None:
    response = send(alices)

    added = Application.objects.get(name="Photo Printer")
    assert response.headers["Location"] == f"/store/applications/{added.pk}/"
    assert (added.owner, added.policy.name, added.token_type, added.description) == (
        alice,
        "20PerMin",
        "OAUTH",
        "Prints.",
    )


def test_the_form_shows_quotas_and_token_types_in_order(alices: Browser) -> None:
    form = alices.get(URL).context["form"]

    assert [label for _, label in form.fields["policy"].choices] == ["50PerMin", "20PerMin", "10PerMin", "Unlimited"]
    assert [label for _, label in form.fields["token_type"].choices] == ["JWT", "OAUTH"]


@pytest.mark.parametrize("name", ["Photo Printer", "photo printer", "  PHOTO PRINTER "])
def test_a_taken_name_is_told_and_what_was_typed_stays(alices: Browser, printer: Application, name: str) -> None:
    page = send(alices, name=name).content.decode()

    assert f"You already have an application called {name.strip()}." in page
    assert "Prints." in page


def test_the_name_of_somebody_elses_application_is_free(charlies: Browser, printer: Application) -> None:
    assert send(charlies).status_code == 302


def test_two_at_once_by_the_same_name_are_one(alice: User, printer: Application) -> None:
    with pytest.raises(applications.NameTakenError, match="called photo printer"):
        add(alice, "photo printer")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Enter a name."),
        ({"name": "   "}, "Enter a name."),
        ({"name": "n" * 71}, "A name has at most 70 characters; this one has 71."),
        ({"name": "<b>Printer</b>"}, "The character &lt; cannot be in a name. Use letters, digits, spaces"),
        ({"name": "Bob's"}, "cannot be in a name"),
        ({"name": "a\\b"}, "The character \\ cannot be in a name"),
        ({"name": "a/b"}, "The character / cannot be in a name"),
        ({"name": "a\u202eb"}, "A character that cannot be seen cannot be in a name"),
        ({"name": "a\u3164b"}, "A character that cannot be seen cannot be in a name"),
        ({"name": "a\u2028b"}, "A character that cannot be seen cannot be in a name"),
        ({"name": "\u2800"}, "A character that cannot be seen cannot be in a name"),
        ({"name": "..."}, "A name needs a letter or a digit"),
        ({"name": "\ufe0f"}, "A name needs a letter or a digit"),
        ({"name": "a" + "\u0301" * 5}, "no pile of accents"),
        ({"name": "a\x00b"}, "Null characters are not allowed."),
        ({"policy": "Gold"}, "Choose one of the quotas offered."),
        ({"token_type": "SAML"}, "Choose JWT or OAUTH."),
        ({"description": "d" * 513}, "A description has at most 512 characters; this one has 513."),
    ],
)
def test_bad_input_is_one_sentence_and_adds_nothing(alices: Browser, changes: dict[str, str], sentence: str) -> None:
    response = send(alices, **changes)

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not Application.objects.exclude(name="DefaultApplication").exists()


@pytest.mark.parametrize(
    "name", ["Café №5", "写真", "Thử nghiệm", "ที่ปรึกษา", "שָׁלוֹם", "3", "📷 Printer", "n" * 70, "a-b_c.d, e: (f) + #1"]
)
def test_names_of_every_language_are_fine(alices: Browser, name: str) -> None:
    assert send(alices, name=name).status_code == 302


def test_a_foreign_api_to_come_back_to_is_ignored(alices: Browser) -> None:
    response = alices.post(f"{URL}?api=https://evil.example/", FIELDS)

    assert response.headers["Location"].startswith("/store/applications/")
