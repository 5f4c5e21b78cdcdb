from __future__ import annotations

from django.test import Client as Browser

from keymanager.models import Client
from store.models import Application, Subscription
from tests.store.conftest import Generated


def test_the_page_says_what_goes_with_it(alices: Browser, generated: Generated) -> None:
    page = alices.get(f"/store/applications/{generated.key.application_id}/delete/").content.decode()

    assert "1 subscription" in page
    assert "1 key set" in page
    assert "0 API keys" in page
    assert Application.objects.filter(name="Photo Printer").exists()


def test_keys_subscriptions_and_clients_go_too(alices: Browser, generated: Generated) -> None:
    response = alices.post(f"/store/applications/{generated.key.application_id}/delete/")

    assert response.headers["Location"] == "/store/applications/"
    assert not Application.objects.filter(name="Photo Printer").exists()
    assert not Subscription.objects.exists()
    assert not Client.objects.exists()
