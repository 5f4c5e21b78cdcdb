"""Tiers in the administration."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client as Browser

from accounts.models import User
from store.models import ThrottlingPolicy
from tests.store.conftest import tier

URL = "/admin/store/throttlingpolicy/"
TYPED = {"name": "Silver Plus", "level": "subscription", "request_count": "3000", "unit_time": "60", "position": "9"}


@pytest.fixture
def admins(alices: Browser, alice: User) -> Browser:
    alice.is_staff = True
    alice.save(update_fields=["is_staff"])
    alice.user_permissions.set(Permission.objects.filter(content_type__model="throttlingpolicy"))
    return alices


def post(browser: Browser, page: str, **changes: str) -> Any:
    return browser.post(f"{URL}{page}", TYPED | changes)


def test_tier_is_added_and_offered(admins: Browser) -> None:
    assert post(admins, "add/", burst_count="50").status_code == 302

    added = tier("Silver Plus")
    assert (added.request_count, added.unit_time, added.burst_count) == (3000, 60, 50)
    assert added.description == "3000 calls a minute, at most 50 a second"


def test_change_of_a_number_is_told_in_words(admins: Browser) -> None:
    gold = tier("Gold")

    assert post(admins, f"{gold.pk}/change/", description=gold.description, unit_time="3600").status_code == 302

    gold.refresh_from_db()
    assert (gold.name, gold.request_count, gold.description) == ("Gold", 3000, "3000 calls an hour")


def test_name_and_level_stay(admins: Browser) -> None:
    gold = tier("Gold")

    post(admins, f"{gold.pk}/change/", name="Platinum", level="application")

    gold.refresh_from_db()
    assert (gold.name, gold.level) == ("Gold", "subscription")


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": "a/b"}, "Use letters, digits, spaces"),
        ({"name": "Gold"}, "already exists"),
        ({"name": "Unlimited 2", "level": "anonymous"}, "Select a valid choice"),
        ({"request_count": "0"}, "Enter a number from 1"),
        ({"request_count": "-1"}, "greater than or equal to 0"),
        ({"request_count": "99999999999"}, "Enter a number from 1"),
        ({"request_count": "many"}, "Enter a whole number"),
        ({"unit_time": "7"}, "Select a valid choice"),
        ({"burst_count": "3000"}, "Allow fewer than the 3000 calls at once"),
        ({"burst_count": "0"}, "Enter a number from 1"),
        ({"burst_count": "5", "unit_time": "1"}, "one of bursts already"),
        ({"burst_count": "5", "level": "application"}, "Only a tier of subscriptions limits bursts"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(admins: Browser, typed: dict[str, str], sentence: str) -> None:
    page = post(admins, "add/", **typed).content.decode()

    assert sentence in page
    assert ThrottlingPolicy.objects.filter(name__startswith="Silver").count() == 1


def test_unlimited_stays_unlimited(admins: Browser) -> None:
    unlimited = tier("Unlimited")

    page = post(admins, f"{unlimited.pk}/change/").content.decode()

    assert "Unlimited has no limit" in page
    assert tier("Unlimited").request_count is None


def test_no_tier_is_removed(admins: Browser) -> None:
    assert admins.post(f"{URL}{tier('Gold').pk}/delete/", {"post": "yes"}).status_code == 403


def test_tier_of_calls_without_a_token_is_none_to_subscribe_under(alices: Browser, subscribed: object) -> None:
    assert "Unauthenticated" not in alices.get("/store/apis/", follow=True).content.decode()
    assert not ThrottlingPolicy.objects.filter(level="subscription", name="Unauthenticated").exists()
