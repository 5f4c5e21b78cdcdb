from __future__ import annotations

import pytest

from accounts.models import User
from store.models import Application, Developer
from store.templatetags.initials import initials
from tests.store.conftest import browser_of


def test_reading_the_catalogue_makes_nobody_a_developer(bob: User) -> None:
    browser_of(bob).get("/store/")

    assert not Developer.objects.exists()


def test_a_second_visit_makes_nothing(alice: User) -> None:
    browser = browser_of(alice)
    browser.get("/store/applications/")
    browser.get("/store/statistics/")

    assert Application.objects.owned_by(alice).count() == 1


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Photo Printer", "PP"), ("alice", "AL"), ("a", "A"), ("foo_bar", "FB"), ("-", "?"), ("", "?")],
)
def test_two_letters_stand_for_a_name(name: str, letters: str) -> None:
    assert initials(name) == letters
