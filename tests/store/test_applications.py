from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts import people
from accounts.models import User
from store.models import Application, Developer
from tests.store.conftest import add, quota

URL = "/store/applications/"


def test_it_works(alices: Browser, subscribed: Application) -> None:
    page = alices.get(URL).content.decode()

    for words in ("Photo Printer", "50PerMin", "Active", "Add Application", "Per Token Quota"):
        assert words in page


def test_the_first_visit_makes_the_default_application(alices: Browser, alice: User) -> None:
    alices.get(URL)

    default = Application.objects.get(owner=alice)
    assert (default.name, default.policy.name) == ("DefaultApplication", "Unlimited")


def test_a_deleted_default_application_is_not_made_again(alices: Browser) -> None:
    alices.get(URL)
    Application.objects.all().delete()

    assert "No application" in alices.get(URL).content.decode()
    assert not Application.objects.exists()


def test_one_of_that_name_is_not_made_twice(alices: Browser, alice: User) -> None:
    add(alice, "defaultapplication")

    alices.get(URL)
    assert Application.objects.count() == 1
    assert Developer.objects.count() == 1


def test_who_may_not_call_is_told(alices: Browser, alice: User, printer: Application) -> None:
    people.stop_applications(alice)

    for at in (URL, f"{URL}{printer.pk}/"):
        page = alices.get(at).content.decode()
        assert "Your applications are stopped" in page
        assert "Active" not in page


def test_a_stranger_sees_only_their_own(charlies: Browser, printer: Application) -> None:
    assert "Photo Printer" not in charlies.get(URL).content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_does_not_grow(
    alices: Browser, alice: User, count: int, django_assert_max_num_queries: object
) -> None:
    for number in range(count):
        add(alice, f"Application {number}")
    alices.get(URL)

    # Who it is takes three, whether the menu has "Publish APIs" two, the list and its length one each.
    with django_assert_max_num_queries(7):  # type: ignore[operator]
        alices.get(URL)


def test_many_are_shown_page_by_page_and_found_by_name(alices: Browser, alice: User) -> None:
    Application.objects.bulk_create(
        Application(owner=alice, name=f"Robot {number:05}", policy=quota("Unlimited")) for number in range(10_000)
    )
    first, last = (alices.get(URL, {"page": number}).content.decode() for number in ("", "999"))
    found = alices.get(URL, {"q": "robot 0999"}).content.decode()

    assert len(first) < 100_000
    assert "Page 1 of 167 · 10001 in all" in first
    assert 'rel="next" href="?page=2"' in first
    assert "Robot 09999" in last
    assert 'rel="next"' not in last
    assert "10 applications with “robot 0999”" in found
    assert "Robot 09994" in found


@pytest.mark.parametrize("words", ["nothing", "<script>", "a\0b", "x" * 60_000])
def test_another_word_finds_nothing_and_says_so(alices: Browser, printer: Application, words: str) -> None:
    page = alices.get(URL, {"q": words}).content.decode()

    assert "Nothing found" in page
    assert "Photo Printer" not in page
    assert "<script>" not in page.split("<body>")[1]


def test_capitals_do_not_come_first(alices: Browser, alice: User) -> None:
    for name in ("Zebra", "ant"):
        add(alice, name)

    shown = [row.name for row in alices.get(URL).context["applications"]]
    assert shown == ["ant", "DefaultApplication", "Zebra"]
