from __future__ import annotations

import re
from typing import Any

from django.test import Client as Browser

from keymanager import client_secrets
from store.models import Application
from tests.store.conftest import Generated, generate


def url(generated: Generated) -> str:
    return f"/store/applications/{generated.key.application_id}/production-keys/regenerate/"


def send(browser: Browser, generated: Generated) -> Any:
    page = browser.get(url(generated)).content.decode()
    replaces = re.search(r'name="replaces" value="(\d+)"', page)
    return browser.post(url(generated), {"replaces": replaces[1] if replaces else ""})


def secret_in(response: Any) -> str:
    found = re.search(r'id="consumer-secret" value="([^"]+)"', response.content.decode())
    return found[1] if found else ""


def good(generated: Generated, secret: str | None) -> bool:
    return client_secrets.verify(str(generated.key.consumer_key), str(secret)) is not None


def test_it_asks_first_and_says_what_breaks(alices: Browser, generated: Generated) -> None:
    page = alices.get(url(generated)).content.decode()

    assert "is refused from that moment on" in page
    assert good(generated, generated.secret)


def test_the_new_secret_is_shown_once_and_the_old_one_is_refused(alices: Browser, generated: Generated) -> None:
    response = send(alices, generated)

    assert response.headers["Cache-Control"] == "no-store"
    assert good(generated, secret_in(response))
    assert not good(generated, generated.secret)


def test_a_reload_replaces_nothing(alices: Browser, generated: Generated) -> None:
    replaces = {"replaces": str(generated.client.secrets.get().pk)}
    first = alices.post(url(generated), replaces)
    second = alices.post(url(generated), replaces)

    assert second.status_code == 409
    assert "This secret was replaced already" in second.content.decode()
    assert good(generated, secret_in(first))


def test_a_forged_form_replaces_nothing(alices: Browser, generated: Generated) -> None:
    assert alices.post(url(generated), {"replaces": "x"}).status_code == 409
    assert good(generated, generated.secret)


def test_a_public_client_has_none(alices: Browser, subscribed: Application) -> None:
    public = generate(subscribed, public=True, grant_types=["authorization_code"])

    assert "There is no secret" in alices.get(url(public)).content.decode()
    assert alices.post(url(public)).status_code == 409


def test_without_keys_it_leads_to_the_tab(alices: Browser, printer: Application) -> None:
    address = f"/store/applications/{printer.pk}/production-keys/"

    assert alices.get(f"{address}regenerate/").headers["Location"] == address
