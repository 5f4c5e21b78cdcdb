from __future__ import annotations

from typing import Any

from django.test import Client as Browser

from accounts.models import User
from store.models import Application
from tests.store.conftest import Generated, add


def send(browser: Browser, application_id: object, **changes: str) -> Any:
    fields = {"name": "Photo Press", "policy": "10PerMin", "description": "Presses.", "token_type": "JWT"}
    return browser.post(f"/store/applications/{application_id}/edit/", fields | changes)


def test_it_works(alices: Browser, printer: Application) -> None:
    send(alices, printer.pk)

    printer.refresh_from_db()
    assert (printer.name, printer.policy.name, printer.description) == ("Photo Press", "10PerMin", "Presses.")


def test_the_form_shows_what_there_is(alices: Browser, printer: Application) -> None:
    page = alices.get(f"/store/applications/{printer.pk}/edit/")

    assert page.context["form"].initial["policy"] == "50PerMin"
    assert 'value="Photo Printer"' in page.content.decode()


def test_its_own_name_is_not_taken(alices: Browser, printer: Application) -> None:
    assert send(alices, printer.pk, name="photo printer").status_code == 302


def test_the_name_of_another_is_taken(alices: Browser, alice: User, printer: Application) -> None:
    add(alice, "Photo Press")

    page = send(alices, printer.pk).content.decode()
    assert "You already have an application called Photo Press." in page
    assert "<h1>Photo Printer</h1>" in page


def test_name_quota_and_token_type_reach_the_client(alices: Browser, generated: Generated) -> None:
    send(alices, generated.key.application_id, token_type="OAUTH")

    client = generated.client
    assert client.name == "Photo Press"
    assert client.access_token_claims["application"]["tier"] == "10PerMin"
    assert client.access_token_format == "OPAQUE"
    assert client.redirect_uris == "https://printer.example/callback"
