from __future__ import annotations

import pytest
from django.test import Client as Browser

from accounts.models import User
from store.models import Application, Developer
from tests.store.conftest import add

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


def test_a_stranger_sees_only_their_own(charlies: Browser, printer: Application) -> None:
    assert "Photo Printer" not in charlies.get(URL).content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_does_not_grow(
    alices: Browser, alice: User, count: int, django_assert_max_num_queries: object
) -> None:
    for number in range(count):
        add(alice, f"Application {number}")
    alices.get(URL)

    with django_assert_max_num_queries(6):  # type: ignore[operator]
        alices.get(URL)
