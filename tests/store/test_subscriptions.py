from __future__ import annotations

from django.test import Client as Browser

from store.models import Application

URL = "/store/subscriptions/"


def test_it_works(alices: Browser, subscribed: Application) -> None:
    page = alices.get(URL).content.decode()

    for words in ("PhotoShare 1.0", "Photo Printer", "Gold", "Unblocked", "Change tier", "Unsubscribe"):
        assert words in page


def test_the_empty_page_teaches(alices: Browser, db: None) -> None:
    assert "Find an API" in alices.get(URL).content.decode()


def test_a_stranger_sees_nothing_of_it(charlies: Browser, subscribed: Application) -> None:
    assert "Photo Printer" not in charlies.get(URL).content.decode()
