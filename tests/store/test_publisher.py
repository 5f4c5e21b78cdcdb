"""The pages on which APIs are published."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import User
from store import paging
from store.models import Api
from tests.store.conftest import DEFINITION, browser_of, publish

LIST, ADD = reverse("store:publisher"), reverse("store:publisher-add")


@pytest.fixture
def provider(bob: User) -> User:
    bob.user_permissions.add(Permission.objects.get(codename="add_api"))
    return User.objects.get(pk=bob.pk)


@pytest.fixture
def bobs(provider: User) -> Browser:
    """bob's browser, who may publish."""
    return browser_of(provider)


def typed(**changes: Any) -> dict[str, Any]:
    usual = {"document": json.dumps(DEFINITION), "context": "/shelf", "production_endpoints": "http://127.0.0.1:8090"}
    return usual | changes


def address(name: str, api: Api) -> str:
    return reverse(f"store:publisher-{name}", args=[api.pk])


def test_pages_are_not_there_for_others(alices: Browser, bob: User) -> None:
    api = publish(bob)

    for path in (LIST, ADD, address("api", api), address("edit", api)):
        assert alices.get(path).status_code == 404
        assert Browser().get(path).status_code == 302
    assert alices.post(address("step", api), {"step": "Block"}).status_code == 404
    assert Api.objects.get().status == "PUBLISHED"


def test_import_creates_what_the_document_says(bobs: Browser) -> None:
    response = bobs.post(ADD, typed(), follow=True)

    api = Api.objects.get()
    assert (api.name, api.version, api.status) == ("PhotoShare", "1.0", "CREATED")
    page = response.content.decode()
    assert "PhotoShare 1.0 is created. Next: publish it." in page
    assert "photos:write" in page


def test_backend_is_told_of_callers_only_what_was_ticked(bobs: Browser) -> None:
    bobs.post(ADD, typed())
    api = Api.objects.get()
    assert not {"authorization", "assertion"} & set(api.backend)

    bobs.post(address("edit", api), typed(name="PhotoShare", version="1.0", authorization="on", assertion="on"))

    api.refresh_from_db()
    assert (api.backend["authorization"], api.backend["assertion"]) == (True, True)
    page = bobs.get(address("api", api)).content.decode()
    assert "the access token is passed on" in page
    assert bobs.get(address("edit", api)).content.decode().count("checked") >= 2


def test_api_may_be_called_without_a_subscription_where_its_provider_says_so(bobs: Browser) -> None:
    bobs.post(ADD, typed())
    api = Api.objects.get()
    assert api.subscriptionless_tier == ""
    assert "not asked of clients" not in bobs.get(address("api", api)).content.decode()

    bobs.post(address("edit", api), typed(name="PhotoShare", version="1.0", subscriptionless_tier="Bronze"))

    api.refresh_from_db()
    assert api.subscriptionless_tier == "Bronze"
    page = bobs.get(address("api", api)).content.decode()
    assert "not asked of clients that a person has approved, under the tier Bronze" in page
    assert '<option value="Bronze" selected>' in bobs.get(address("edit", api)).content.decode()


def test_document_may_be_a_file(bobs: Browser) -> None:
    file = SimpleUploadedFile("a.json", json.dumps(DEFINITION).encode())

    bobs.post(ADD, typed(document="", document_file=file))

    assert Api.objects.get().definition == DEFINITION


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"document": ""}, "Give the document"),
        ({"document": "a: [}"}, "Line 1: The document cannot be read"),
        (
            {"document": "openapi: 3.0.3\npaths:\n  a: {get: {}}", "name": "a", "version": "1"},
            "Line 3: The path a must",
        ),
        ({"context": ""}, "Enter a context"),
        ({"context": "photos"}, "may only have letters"),
        ({"production_endpoints": "ftp://a"}, "must begin with http"),
        ({"production_endpoints": "http://169.254.169.254"}, "is a link-local address"),
        ({"health_path": "health"}, "A path begins with a slash"),
        ({"retries": "99"}, "Enter a whole number from 0 to 5."),
        ({"secret_header": "Host"}, "The header Host cannot carry a secret."),
        ({"secret_header": "X-Key"}, "Enter the secret that the header carries."),
        ({"secret_header": "X-Key", "secret": "a b"}, "A secret has visible characters"),
        ({"certificate": "nonsense"}, "This is not in PEM form"),
        ({"cors_origins": "app.example"}, "app.example is no origin"),
        ({"cors_origins": "https://*.example"}, "https://*.example is no origin"),
        ({"cors_origins": "https://App.example"}, "https://App.example is no origin: write it as browsers do"),
        ({"cors_origins": "https://app.example:443"}, "https://app.example:443 is no origin"),
        ({"cors_origins": "https://me@app.example"}, "https://me@app.example is no origin"),
        ({"document_url": "http://10.0.0.1/a"}, "cannot be fetched"),
    ],
)
def test_bad_input_is_one_sentence_in_its_place(bobs: Browser, changes: dict[str, Any], sentence: str) -> None:
    response = bobs.post(ADD, typed(**changes))

    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not Api.objects.exists()


def test_buttons_lead_through_the_life(bobs: Browser, provider: User) -> None:
    api = publish(provider)

    page = bobs.post(address("step", api), {"step": "Block"}, follow=True).content.decode()

    assert "PhotoShare 1.0 is in the state Blocked now." in page
    assert "Re-Publish" in page
    assert "cannot be done" in bobs.post(address("step", api), {"step": "Retire"}, follow=True).content.decode()


def test_editing_keeps_the_document_and_the_secret(bobs: Browser, provider: User) -> None:
    api = publish(provider)
    usual = typed(document="", name="PhotoShare", version="1.0", context="/photos")
    bobs.post(address("edit", api), usual | {"secret_header": "X-Key", "secret": "open-sesame"})
    sealed = Api.objects.get().backend["sealed_secret"]

    bobs.post(address("edit", api), usual | {"secret_header": "X-Key", "secret": "", "tags": "a, b"})

    changed = Api.objects.get()
    assert (changed.definition, changed.tags, changed.status) == (DEFINITION, ["a", "b"], "PUBLISHED")
    assert changed.backend["sealed_secret"] == sealed
    assert "open-sesame" not in sealed


def test_no_page_shows_the_secret(bobs: Browser, provider: User) -> None:
    api = publish(provider)
    usual = typed(document="", name="PhotoShare", version="1.0", context="/photos")
    bobs.post(address("edit", api), usual | {"secret_header": "X-Key", "secret": "open-sesame"})
    sealed = Api.objects.get().backend["sealed_secret"]

    for path in (address("edit", api), address("api", api), LIST, reverse("store:api", args=[api.pk])):
        page = bobs.get(path).content.decode()
        assert "open-sesame" not in page
        assert sealed not in page


def test_provider_sees_own_apis_and_staff_all(bobs: Browser, alice: User, provider: User) -> None:
    mine, other = publish(provider), publish(alice, name="Other", context="/other")
    assert "Other" not in bobs.get(LIST).content.decode()
    assert bobs.get(address("api", other)).status_code == 404

    User.objects.filter(pk=alice.pk).update(is_staff=True)

    assert browser_of(User.objects.get(pk=alice.pk)).get(address("api", mine)).status_code == 200


def test_many_are_listed_page_by_page(bobs: Browser, provider: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "ROWS", 1)
    publish(provider)
    publish(provider, name="Weather", context="/weather")

    assert [api.name for api in bobs.get(LIST).context["apis"]] == ["PhotoShare"]
    assert [api.name for api in bobs.get(f"{LIST}?page=2").context["apis"]] == ["Weather"]
