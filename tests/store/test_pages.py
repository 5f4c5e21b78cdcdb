"""What holds for every page: nothing inline (Content-Security-Policy), one h1, no loose ends."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client as Browser

from store import api_keys
from store.models import Api, ApplicationKey, Subscription
from tests.store.conftest import Generated

INLINE = re.compile(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE)
PUBLIC = ["/store/", "/store/?q=x", "/store/apis/{api}/", "/store/apis/{api}/definition/", "/store/nowhere"]
ACCOUNT = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/accounts/password/reset/done/"]
OWN = [
    "/store/",
    "/store/apis/{api}/",
    "/store/applications/",
    "/store/applications/add/",
    "/store/applications/{app}/",
    "/store/applications/{app}/edit/",
    "/store/applications/{app}/delete/",
    "/store/applications/{app}/production-keys/",
    "/store/applications/{app}/production-keys/regenerate/",
    "/store/applications/{app}/sandbox-keys/",
    "/store/applications/{app}/api-keys/",
    "/store/applications/{app}/api-keys/{key}/revoke/",
    "/store/applications/{app}/subscriptions/",
    "/store/subscriptions/",
    "/store/subscriptions/{sub}/edit/",
    "/store/subscriptions/{sub}/delete/",
    "/store/statistics/",
    "/accounts/logout/",
    "/accounts/password/change/",
    "/accounts/email/",
]


def check(page: str) -> None:
    assert not INLINE.search(page)
    assert len(re.findall(r"<h1", page)) == 1
    ids = Counter(re.findall(r'\sid="([^"]+)"', page))
    assert [name for name, count in ids.items() if count > 1] == []
    named = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
    assert named <= set(ids)
    assert "{{" not in page
    assert "{%" not in page


def filled(pattern: str, generated: Generated) -> str:
    key = (
        generated.key.application.api_keys.first()
        or api_keys.generate(
            application=generated.key.application, key_type="PRODUCTION", name="Nightly import", expires_at=None
        ).row
    )
    made = {"api": Api.objects.get().pk, "sub": Subscription.objects.get().pk, "key": key.pk}
    return pattern.format(app=generated.key.application_id, **made)


@pytest.mark.parametrize("pattern", PUBLIC + ACCOUNT)
def test_a_public_page_is_clean(client: Browser, generated: Generated, pattern: str) -> None:
    check(client.get(filled(pattern, generated)).content.decode())


@pytest.mark.parametrize("pattern", OWN)
def test_a_page_of_ones_own_is_clean(alices: Browser, generated: Generated, pattern: str) -> None:
    check(alices.get(filled(pattern, generated)).content.decode())


@pytest.mark.parametrize("tail", ["update/", "test-token/", ""])
def test_an_answer_to_a_form_is_clean(alices: Browser, generated: Generated, tail: str) -> None:
    address = f"/store/applications/{generated.key.application_id}/production-keys/{tail}"

    check(alices.post(address, {"callback_url": "x", "access_token_lifetime": "x"}).content.decode())


def test_a_generated_api_key_is_clean(alices: Browser, generated: Generated) -> None:
    address = f"/store/applications/{generated.key.application_id}/api-keys/"

    check(alices.post(address, {"name": "x", "key_type": "SANDBOX", "expires": "30"}).content.decode())


def test_keys_that_broke_off_are_clean(alices: Browser, generated: Generated) -> None:
    ApplicationKey.objects.update(state="CREATED")

    page = alices.get(f"/store/applications/{generated.key.application_id}/production-keys/")
    check(page.content.decode())


def test_names_are_text_wherever_they_are_shown(alices: Browser, generated: Generated) -> None:
    """The form refuses such names; the pages must not depend on it."""
    generated.key.application.__class__.objects.update(name="<img src=x onerror=alert(1)>")

    for pattern in OWN:
        assert "<img src=x" not in alices.get(filled(pattern, generated)).content.decode()


def test_the_policy_is_sent_with_every_page(client: Browser, photoshare: Api) -> None:
    assert "default-src 'self'" in client.get("/store/").headers["Content-Security-Policy"]


@pytest.mark.parametrize("sheet", ["static/portal/portal.css", "playground/static/playground/playground.css"])
def test_enlarged_text_has_the_pages_of_a_narrow_screen(sheet: str) -> None:
    """WCAG 2.2 1.4.4: an em in a media query is the browser's own text size, a pixel is not."""
    css = Path(settings.BASE_DIR, sheet).read_text()

    assert re.findall(r"@media \(m(?:ax|in)-width: [^)]*px\)", css) == []
