from __future__ import annotations

from django.test import Client as Browser

from store.models import Subscription
from tests.store.conftest import Generated


def url() -> str:
    return f"/store/subscriptions/{Subscription.objects.get().pk}/delete/"


def test_it_asks_first(alices: Browser, generated: Generated) -> None:
    assert "Unsubscribe Photo Printer from PhotoShare 1.0?" in alices.get(url()).content.decode()
    assert Subscription.objects.exists()


def test_it_works_and_takes_scopes_and_claims_from_the_keys(alices: Browser, generated: Generated) -> None:
    response = alices.post(url())

    assert response.headers["Location"] == f"/store/applications/{generated.key.application_id}/subscriptions/"
    assert not Subscription.objects.exists()
    assert generated.client.scopes == []
    assert generated.client.access_token_claims["subscriptions"] == {}
