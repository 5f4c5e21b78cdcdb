from __future__ import annotations

from datetime import timedelta

from django.test import Client as Browser
from django.utils import timezone

from store import subscriptions
from store.models import Api, EndedSubscription, Subscription
from tests.store.conftest import Generated


def url() -> str:
    return f"/store/subscriptions/{Subscription.objects.get().pk}/delete/"


def test_it_asks_first(alices: Browser, generated: Generated) -> None:
    page = alices.get(url()).content.decode()

    assert "Unsubscribe Photo Printer from PhotoShare 1.0?" in page
    assert "with the access tokens it has, too" in page
    assert Subscription.objects.exists()


def test_it_works_and_takes_scopes_and_claims_from_the_keys(alices: Browser, generated: Generated) -> None:
    response = alices.post(url())

    assert response.headers["Location"] == f"/store/applications/{generated.key.application_id}/subscriptions/"
    assert not Subscription.objects.exists()
    assert generated.client.scopes == []
    assert generated.client.access_token_claims["subscriptions"] == {}


def test_gateways_are_told_of_it_until_there_is_another(alices: Browser, generated: Generated, photoshare: Api) -> None:
    key = str(generated.key.consumer_key)
    policy = Subscription.objects.get().policy

    alices.post(url())
    assert subscriptions.ended() == ((key, "/photos/1.0"),)

    subscriptions.subscribe(application=generated.key.application, api=photoshare, policy=policy)
    assert subscriptions.ended() == ()

    alices.post(url())
    Api.objects.update(subscriptionless_tier="Gold")
    assert subscriptions.ended() == ()


def test_gateways_are_told_of_it_for_as_long_as_a_token_may_live(alices: Browser, generated: Generated) -> None:
    alices.post(url())

    for seconds, told in ((10, 1), (-10, 0)):
        began = timezone.now() - subscriptions.LONGEST_TOKEN + timedelta(seconds=seconds)
        EndedSubscription.objects.update(ended_at=began)
        assert len(subscriptions.ended()) == told
