"""Two at once. Real threads, real transactions; the database decides."""

from __future__ import annotations

import pytest

from accounts.models import User
from keymanager.models import Client
from store import developers, keys, subscriptions
from store.errors import StoreError
from store.models import Api, Application, ApplicationKey, Developer, Subscription
from tests.races import at_once
from tests.store.conftest import add, generate, publish, settings, tier

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
THREADS = 8


def test_of_many_generations_at_once_one_makes_keys(subscribed: Application) -> None:
    def generate_once() -> str:
        try:
            return str(keys.generate(application=subscribed, key_type="PRODUCTION", settings=settings()).consumer_key)
        except StoreError as error:
            return str(error)

    answers = at_once(THREADS, generate_once)

    assert answers.count("Production keys exist already.") == THREADS - 1
    assert Client.objects.count() == 1
    assert ApplicationKey.objects.get().consumer_key in answers


def test_of_many_first_visits_at_once_one_makes_the_default_application(alice: User) -> None:
    at_once(THREADS, lambda: developers.arrive(user=alice))

    assert Developer.objects.count() == 1
    assert Application.objects.count() == 1


def test_of_many_additions_by_one_name_one_wins(alice: User) -> None:
    def add_once() -> str:
        try:
            return str(add(alice, "Photo Printer"))
        except StoreError as error:
            return str(error)

    answers = at_once(THREADS, add_once)

    assert answers.count("Photo Printer") == 1
    assert answers.count("You already have an application called Photo Printer.") == THREADS - 1


def test_many_subscriptions_at_once_all_reach_the_client(printer: Application, bob: User) -> None:
    generated = generate(printer)
    apis: list[Api] = [publish(bob, name=f"Api {n}", context=f"/api{n}") for n in range(THREADS)]
    waiting = iter(apis)

    at_once(THREADS, lambda: subscriptions.subscribe(application=printer, api=next(waiting), policy=tier("Gold")))

    assert Subscription.objects.count() == THREADS
    assert len(generated.client.access_token_claims["subscriptions"]) == THREADS


def test_of_two_providers_of_one_context_at_once_one_wins(bob: User, charlie: User) -> None:
    """In different versions, so that no row of one is in the other's way."""
    providers = iter([bob, charlie])

    def publish_once() -> str:
        provider = next(providers)
        try:
            return str(publish(provider, name=provider.username, context="/shelf", version=provider.username))
        except StoreError as error:
            return str(error)

    answers = at_once(2, publish_once)

    assert "The context /shelf is another provider's; choose another one." in answers
    assert Api.objects.count() == 1
