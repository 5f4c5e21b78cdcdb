from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from store import paging, subscriptions
from store.models import Api, Application
from tests.store.conftest import publish, tier

URL = "/store/subscriptions/"


def test_it_works(alices: Browser, subscribed: Application) -> None:
    page = alices.get(URL).content.decode()

    for words in ("PhotoShare 1.0", "Photo Printer", "Gold", "Unblocked", "Change tier", "Unsubscribe"):
        assert words in page


def test_the_empty_page_teaches(alices: Browser, db: None) -> None:
    assert "Find an API" in alices.get(URL).content.decode()


def test_a_stranger_sees_nothing_of_it(charlies: Browser, subscribed: Application) -> None:
    assert "Photo Printer" not in charlies.get(URL).content.decode()


@pytest.mark.parametrize("at", [URL, "/store/applications/{}/", "/store/applications/{}/subscriptions/"])
def test_no_list_reads_what_an_api_is_made_of(alices: Browser, subscribed: Application, at: str) -> None:
    with CaptureQueriesContext(connection) as queries:
        page = alices.get(at.format(subscribed.pk)).content.decode()

    assert "PhotoShare 1.0" in page
    assert not [query for query in queries for column in Api.LARGE if f'"{column}"' in query["sql"]]


def test_many_are_shown_page_by_page(
    alices: Browser, subscribed: Application, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "ROWS", 1)
    subscriptions.subscribe(
        application=subscribed, api=publish(bob, name="Weather", context="/weather"), policy=tier("Gold")
    )
    first, second = (alices.get(URL, {"page": number}).content.decode() for number in (1, 2))

    assert ("PhotoShare 1.0" in first, "Weather 1.0" in first) == (True, False)
    assert ("PhotoShare 1.0" in second, "Weather 1.0" in second) == (False, True)
    assert "Page 1 of 2" in first
