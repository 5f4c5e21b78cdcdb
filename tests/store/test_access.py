"""The battery of every page that belongs to somebody."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client as Browser

from store.models import Application, Subscription
from tests.store.conftest import Generated

OF_APPLICATION = [
    "applications/{id}/",
    "applications/{id}/edit/",
    "applications/{id}/delete/",
    "applications/{id}/subscriptions/",
    "applications/{id}/production-keys/",
    "applications/{id}/sandbox-keys/",
    "applications/{id}/production-keys/update/",
    "applications/{id}/production-keys/regenerate/",
    "applications/{id}/production-keys/test-token/",
    "applications/{id}/production-keys/clean-up/",
]
OF_SUBSCRIPTION = ["subscriptions/{id}/edit/", "subscriptions/{id}/delete/"]
OF_A_PERSON = ["applications/", "applications/add/", "subscriptions/", "statistics/"]


def address(pattern: str, generated: Generated) -> str:
    thing = Subscription.objects.get().pk if pattern in OF_SUBSCRIPTION else generated.key.application_id
    return "/store/" + pattern.format(id=thing)


@pytest.mark.parametrize("pattern", OF_APPLICATION + OF_SUBSCRIPTION + OF_A_PERSON)
def test_its_owner_gets_it(alices: Browser, generated: Generated, pattern: str) -> None:
    assert alices.get(address(pattern, generated), follow=True).status_code == 200


@pytest.mark.parametrize("pattern", OF_APPLICATION + OF_SUBSCRIPTION)
def test_for_a_stranger_it_does_not_exist(charlies: Browser, generated: Generated, pattern: str) -> None:
    assert charlies.get(address(pattern, generated)).status_code == 404


# The page of an application takes no POST from anybody.
@pytest.mark.parametrize("pattern", OF_APPLICATION[1:] + OF_SUBSCRIPTION)
def test_a_stranger_can_change_nothing(charlies: Browser, generated: Generated, pattern: str) -> None:
    before = generated.client.updated

    assert charlies.post(address(pattern, generated)).status_code == 404
    assert Application.objects.filter(pk=generated.key.application_id).exists()
    assert generated.client.updated == before


@pytest.mark.parametrize("pattern", OF_APPLICATION + OF_SUBSCRIPTION + OF_A_PERSON)
def test_signed_out_it_leads_to_sign_in_and_back(client: Browser, generated: Generated, pattern: str) -> None:
    response = client.get(address(pattern, generated))

    assert response.headers["Location"] == f"/accounts/login/?next={address(pattern, generated)}"


@pytest.mark.parametrize("pattern", OF_APPLICATION + OF_SUBSCRIPTION + OF_A_PERSON)
def test_wrong_method(alices: Browser, generated: Generated, pattern: str) -> None:
    assert alices.delete(address(pattern, generated)).status_code == 405


@pytest.mark.parametrize("pattern", OF_APPLICATION + OF_SUBSCRIPTION)
@pytest.mark.parametrize("bad", [uuid.uuid4(), "1", "not-an-id"])
def test_bad_id(alices: Browser, db: None, pattern: str, bad: object) -> None:
    assert alices.get("/store/" + pattern.format(id=bad)).status_code == 404


@pytest.mark.parametrize("pattern", ["applications/{id}/delete/", "applications/{id}/production-keys/"])
def test_without_the_token_of_the_form_nothing_happens(alice: object, generated: Generated, pattern: str) -> None:
    browser = Browser(enforce_csrf_checks=True)
    browser.force_login(alice, backend="accounts.backends.AuthenticationBackend")  # type: ignore[arg-type]

    response = browser.post(address(pattern, generated))
    assert response.status_code == 403
    assert "This page has expired" in response.content.decode()
