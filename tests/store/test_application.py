from __future__ import annotations

from django.test import Client as Browser

from accounts.models import User
from store import subscriptions
from store.models import Application
from tests.store.conftest import Generated, publish, tier


def test_it_shows_the_details_and_the_next_step(alices: Browser, printer: Application) -> None:
    page = alices.get(f"/store/applications/{printer.pk}/").content.decode()

    for words in ("Details", "Production Keys", "Sandbox Keys", "Subscriptions", "50PerMin", "Subscribe to an API"):
        assert words in page


def test_a_subscribed_one_is_sent_to_its_keys(alices: Browser, subscribed: Application) -> None:
    page = alices.get(f"/store/applications/{subscribed.pk}/").content.decode()

    assert "Go to Production Keys" in page
    assert "subscribed to PhotoShare 1.0" in page


def test_many_subscriptions_are_a_number(alices: Browser, subscribed: Application, bob: User) -> None:
    for name in ("one", "two", "three"):
        subscriptions.subscribe(
            application=subscribed, api=publish(bob, name=name, context=f"/{name}"), policy=tier("Gold")
        )

    assert "subscribed to 4 APIs" in alices.get(f"/store/applications/{subscribed.pk}/").content.decode()


def test_one_with_keys_is_sent_to_the_call(alices: Browser, generated: Generated) -> None:
    assert "See how" in alices.get(f"/store/applications/{generated.key.application_id}/").content.decode()
