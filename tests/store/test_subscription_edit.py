from __future__ import annotations

import pytest
from django.test import Client as Browser

from store.key_managers import builtin
from store.key_managers.base import KeyManagerError
from store.models import Subscription
from tests.store.conftest import Generated


def url() -> str:
    return f"/store/subscriptions/{Subscription.objects.get().pk}/edit/"


def test_it_works_and_reaches_the_tokens(alices: Browser, generated: Generated) -> None:
    response = alices.post(url(), {"tier": "Bronze"})

    assert response.status_code == 302
    assert Subscription.objects.get().policy.name == "Bronze"
    assert generated.client.access_token_claims["subscriptions"] == {"photos/1.0": "Bronze"}


def test_the_present_tier_is_selected(alices: Browser, generated: Generated) -> None:
    assert alices.get(url()).context["form"]["tier"].value() == "Gold"


@pytest.mark.parametrize("tier", ["", "Platinum", "50PerMin"])
def test_a_bad_tier_is_told(alices: Browser, generated: Generated, tier: str) -> None:
    assert "problem" in alices.post(url(), {"tier": tier}).content.decode()
    assert Subscription.objects.get().policy.name == "Gold"


def test_that_the_keys_do_not_know_yet_is_told(
    alices: Browser, generated: Generated, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise KeyManagerError("The key manager is away.")

    monkeypatch.setattr(builtin.BuiltinKeyManager, "update", refuse)
    page = alices.post(url(), {"tier": "Silver"}, follow=True).content.decode()

    assert "Saved, but the keys do not know it yet: The key manager is away." in page
    assert Subscription.objects.get().policy.name == "Silver"
