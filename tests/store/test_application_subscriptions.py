from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from store import api_keys, subscriptions
from store.models import Api, Application, Subscription
from tests.store.conftest import generate, publish, tier


def url(application: Application) -> str:
    return f"/store/applications/{application.pk}/subscriptions/"


def send(browser: Browser, application: Application, api: object, tier: str = "Gold") -> Any:
    return browser.post(url(application), {"api": str(api), "tier": tier})


def test_the_empty_tab_teaches(alices: Browser, printer: Application, photoshare: Api) -> None:
    page = alices.get(url(printer))

    assert "No subscriptions yet" in page.content.decode()
    assert [label for _, label in page.context["form"].fields["tier"].choices] == [
        "Gold", "Silver", "Bronze", "Unlimited",
    ]  # fmt: skip


def test_the_only_api_there_is_to_choose_is_chosen(
    alices: Browser, printer: Application, photoshare: Api, bob: User
) -> None:
    alone = alices.get(url(printer)).content.decode()
    weather = publish(bob, name="Weather", context="/weather")
    of_two = alices.get(url(printer)).content.decode()
    send(alices, printer, photoshare.pk)
    left = alices.get(url(printer)).content.decode()

    assert f'<option value="{photoshare.pk}" selected>' in alone
    assert '<option value="" selected>' in of_two
    assert f'<option value="{weather.pk}" selected>' in left


def test_subscribing_works(alices: Browser, printer: Application, photoshare: Api) -> None:
    response = send(alices, printer, photoshare.pk, "Bronze")

    row = Subscription.objects.get()
    assert response.headers["Location"] == url(printer)
    assert (row.application, row.api, row.policy.name, row.status) == (printer, photoshare, "Bronze", "UNBLOCKED")


def test_next_are_the_keys_for_whom_has_none(alices: Browser, subscribed: Application) -> None:
    address, words = url(subscribed), "Go to Production Keys"
    assert words in alices.get(address).content.decode()

    api_keys.generate(application=subscribed, key_type="PRODUCTION", name="Import", expires_at=None)
    assert words not in alices.get(address).content.decode()
    subscribed.api_keys.all().delete()
    generate(subscribed, "SANDBOX")
    assert words not in alices.get(address).content.decode()


def test_without_a_subscription_keys_are_not_next(alices: Browser, printer: Application, photoshare: Api) -> None:
    assert "Go to Production Keys" not in alices.get(url(printer)).content.decode()


def test_both_key_sets_learn_of_it(alices: Browser, printer: Application, photoshare: Api) -> None:
    production, sandbox = generate(printer), generate(printer, "SANDBOX")
    send(alices, printer, photoshare.pk)

    for generated in (production, sandbox):
        assert generated.client.scopes == ["photos:read", "photos:write"]
        assert generated.client.access_token_claims["subscriptions"] == {"photos/1.0": "Gold"}


def test_a_chosen_scope_stays_the_only_one(alices: Browser, subscribed: Application, bob: User) -> None:
    generated = generate(subscribed, scopes=["photos:read"])
    weather = publish(bob, name="Weather", context="/weather")
    send(alices, subscribed, weather.pk)

    assert generated.client.scopes == ["photos:read"]
    assert set(generated.client.access_token_claims["subscriptions"]) == {"photos/1.0", "weather/1.0"}


def test_a_blocked_subscription_gives_nothing(subscribed: Application) -> None:
    Subscription.objects.update(status=Subscription.Status.BLOCKED)

    client = generate(subscribed).client
    assert client.scopes == []
    assert client.access_token_claims["subscriptions"] == {}


@pytest.mark.parametrize(
    ("api", "tier", "sentence"),
    [
        ("", "Gold", "Select an API."),
        (uuid.uuid4(), "Gold", "Select one of the APIs offered"),
        ("x", "Gold", "is not a valid UUID"),
        ("", "20PerMin", "Choose one of the tiers offered."),
    ],
)
def test_a_bad_choice_is_told(
    alices: Browser, printer: Application, photoshare: Api, api: object, tier: str, sentence: str
) -> None:
    assert sentence in send(alices, printer, api, tier).content.decode()
    assert not Subscription.objects.exists()


def test_twice_is_told(alices: Browser, subscribed: Application, photoshare: Api) -> None:
    assert "Select one of the APIs offered" in send(alices, subscribed, photoshare.pk).content.decode()
    with pytest.raises(subscriptions.AlreadySubscribedError, match="is subscribed to PhotoShare"):
        subscriptions.subscribe(application=subscribed, api=photoshare, policy=tier("Gold"))


def test_an_api_that_is_not_published_is_not_open(printer: Application, photoshare: Api) -> None:
    photoshare.status = Api.Status.DEPRECATED

    with pytest.raises(subscriptions.NotOpenError, match="in the state: DEPRECATED"):
        subscriptions.subscribe(application=printer, api=photoshare, policy=tier("Gold"))
