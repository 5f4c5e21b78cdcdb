from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from store import paging
from store.models import Api
from tests.store.conftest import publish


def test_the_catalogue_is_public(client: Browser, photoshare: Api) -> None:
    page = client.get("/store/").content.decode()

    assert "PhotoShare" in page
    assert "1.0 · /photos · by bob" in page
    assert "Sign In" in page
    assert "Sign Up" in page


def test_the_address_of_the_walk_leads_to_the_catalogue(client: Browser, photoshare: Api) -> None:
    response = client.get("/store", follow=True)

    assert response.status_code == 200
    assert response.request["PATH_INFO"] == "/store/"


@pytest.mark.parametrize("query", ["q=photo", "q=SHARE", "q=samp", "tag=photos"])
def test_an_api_is_found_by_name_or_tag(client: Browser, photoshare: Api, query: str) -> None:
    assert "/photos · by bob" in client.get(f"/store/?{query}").content.decode()


@pytest.mark.parametrize("query", ["q=weather", "tag=phot", "q=photo&tag=weather"])
def test_another_word_finds_nothing_and_says_so(client: Browser, photoshare: Api, query: str) -> None:
    page = client.get(f"/store/?{query}").content.decode()

    assert "/photos · by bob" not in page
    assert "Nothing found" in page


def test_what_was_searched_is_shown_as_text(client: Browser, photoshare: Api) -> None:
    page = client.get("/store/?q=<script>").content.decode()

    assert "<script>" not in page.split("<body>")[1]
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("status", ["CREATED", "BLOCKED", "RETIRED"])
def test_what_is_not_published_is_not_shown(client: Browser, bob: User, status: str) -> None:
    api = publish(bob)
    Api.objects.filter(pk=api.pk).update(status=status)

    assert "No API is published yet" in client.get("/store/").content.decode()


def test_wrong_method(client: Browser, db: None) -> None:
    assert client.post("/store/").status_code == 405


def test_no_more_is_read_than_is_shown(client: Browser, bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "ROWS", 2)
    for name in ("one", "two", "three"):
        publish(bob, name=name, context=f"/{name}")

    with CaptureQueriesContext(connection) as queries:
        assert client.get("/store/?q=photo&page=1").status_code == 200

    asked = [query["sql"] for query in queries]
    assert len(asked) == 2, asked
    assert not [
        column for column in (*Api.LARGE, "production_endpoints", "password") if f'"{column}"' in "".join(asked)
    ]
    assert ["description" in statement for statement in asked] == [False, True]


def test_many_are_shown_page_by_page_and_keep_what_was_searched(
    client: Browser, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "ROWS", 1)
    for name in ("photoone", "phototwo", "weather"):
        publish(bob, name=name, context=f"/{name}", tags=[])
    first, beyond = (client.get("/store/", {"q": "photo", "page": number}).content.decode() for number in ("x", 9))

    assert "2 APIs with “photo”" in first
    assert 'href="?q=photo&amp;page=2"' in first
    assert ("/photoone · " in first, "/phototwo · " in first) == (True, False)
    assert ("/photoone · " in beyond, "/phototwo · " in beyond) == (False, True)
