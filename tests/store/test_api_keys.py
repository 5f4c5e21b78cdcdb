"""API keys of an application: the tab, and what becomes of a key."""

from __future__ import annotations

import re
from datetime import timedelta

import jwt
import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import people
from accounts.models import User
from store import api_keys, subscriptions
from store.models import ApiKey, Application, Subscription
from tests.store.conftest import add, proved


def tab(application: Application) -> str:
    return f"/store/applications/{application.pk}/api-keys/"


def typed(**changes: str) -> dict[str, str]:
    return {"name": "Nightly import", "key_type": "PRODUCTION", "expires": "90"} | changes


def shown(page: str) -> str:
    found = re.findall(r'id="api-key" value="([^"]+)"', page)
    assert len(found) == 1
    return str(found[0])


def generate(application: Application, name: str = "Nightly import", key_type: str = "PRODUCTION") -> str:
    return api_keys.generate(application=application, key_type=key_type, name=name, expires_at=None).value


def test_key_is_shown_once_and_kept_as_a_checksum(alices: Browser, subscribed: Application) -> None:
    page = alices.post(tab(subscribed), typed())
    value = shown(page.content.decode())

    assert value.startswith("ak_live_")
    assert page.headers["Cache-Control"] == "no-store"
    row = ApiKey.objects.get()
    assert value not in str(vars(row))
    assert row.prefix == value[:12]
    again = alices.get(tab(subscribed)).content.decode()
    assert value not in again
    assert value[:12] in again


def test_page_shows_a_call_that_can_be_pasted(alices: Browser, subscribed: Application) -> None:
    page = alices.post(tab(subscribed), typed()).content.decode()

    assert re.search(r"curl.*apikey: ak_live_.*/photos/1\.0/", page, re.DOTALL)


def test_sandbox_key_looks_like_one(alices: Browser, subscribed: Application) -> None:
    assert shown(alices.post(tab(subscribed), typed(key_type="SANDBOX")).content.decode()).startswith("ak_test_")


def test_form_sent_twice_makes_one_key(alices: Browser, subscribed: Application) -> None:
    alices.post(tab(subscribed), typed())

    page = alices.post(tab(subscribed), typed()).content.decode()

    assert "There is a key called Nightly import already" in page
    assert ApiKey.objects.count() == 1


def test_name_of_a_revoked_key_is_free_again(subscribed: Application) -> None:
    generate(subscribed)
    api_keys.revoke(api_key=ApiKey.objects.get())

    assert generate(subscribed)


def test_two_at_once_do_not_get_round_the_form(subscribed: Application) -> None:
    generate(subscribed)

    with pytest.raises(api_keys.NameTakenError):
        generate(subscribed, name="NIGHTLY IMPORT")


def test_keys_have_an_end_in_number(subscribed: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "MOST", 1)
    generate(subscribed)

    with pytest.raises(api_keys.TooManyError):
        generate(subscribed, name="Another")


def test_key_of_an_application_that_is_gone_is_not_made(subscribed: Application) -> None:
    stale = Application.objects.get()
    subscribed.delete()

    with pytest.raises(api_keys.ApplicationGoneError):
        generate(stale)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Enter a name."),
        ({"name": "<b>"}, "cannot be in a name"),
        ({"key_type": "BOTH"}, "Choose Production or Sandbox."),
        ({"expires": "12345"}, "Choose one of the times offered."),
    ],
)
def test_bad_input_is_told_and_makes_nothing(
    alices: Browser, subscribed: Application, changes: dict[str, str], sentence: str
) -> None:
    assert sentence in alices.post(tab(subscribed), typed(**changes)).content.decode()
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(("expires", "days"), [("30", 30), ("365", 365), ("0", None)])
def test_key_ends_when_it_was_said(alices: Browser, subscribed: Application, expires: str, days: int | None) -> None:
    alices.post(tab(subscribed), typed(expires=expires))

    ends = ApiKey.objects.get().expires_at

    assert (ends and round((ends - timezone.now()) / timedelta(days=1))) == days


def test_who_signed_in_long_ago_is_asked_again_and_nothing_typed_is_lost(
    alices: Browser, alice: User, subscribed: Application
) -> None:
    proved(alices, alice, seconds_ago=3600)
    assert alices.get(tab(subscribed)).status_code == 200
    ask = alices.post(tab(subscribed), typed())
    assert not ApiKey.objects.exists()

    page = alices.post(ask.headers["Location"], {"password": "alice"}).content.decode()

    assert shown(page)
    assert ApiKey.objects.get().name == "Nightly import"


def test_key_is_revoked_after_a_question(alices: Browser, subscribed: Application) -> None:
    value = generate(subscribed)
    address = f"{tab(subscribed)}{ApiKey.objects.get().pk}/revoke/"
    assert "Revoke Nightly import?" in alices.get(address).content.decode()
    assert api_keys.access_token(value)

    for _ in range(2):
        assert alices.post(address).headers["Location"] == tab(subscribed)

    assert api_keys.access_token(value) is None
    assert value[:12] not in alices.get(tab(subscribed)).content.decode()


def test_keys_of_others_do_not_exist(charlies: Browser, subscribed: Application, charlie: User) -> None:
    generate(subscribed)
    key = ApiKey.objects.get()
    other = add(charlie, "Other")

    assert charlies.get(tab(subscribed)).status_code == 404
    assert charlies.post(tab(subscribed), typed()).status_code == 404
    assert charlies.post(f"{tab(subscribed)}{key.pk}/revoke/").status_code == 404
    assert charlies.post(f"{tab(other)}{key.pk}/revoke/").status_code == 404
    key.refresh_from_db()
    assert key.revoked_at is None


def claims_of(value: str) -> dict[str, object]:
    token = api_keys.access_token(value)
    assert token
    claims: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return claims


def test_key_stands_for_its_application(subscribed: Application) -> None:
    claims = claims_of(generate(subscribed, key_type="SANDBOX"))

    assert claims["application"] == {
        "id": str(subscribed.pk),
        "name": "Photo Printer",
        "tier": "50PerMin",
        "owner": "alice",
    }
    assert claims["subscriptions"] == {"photos/1.0": "Gold"}
    assert claims["key_type"] == "SANDBOX"
    assert claims["scope"] == "photos:read photos:write"
    assert "grant_id" not in claims
    assert claims["sub"] == claims["client_id"] == f"apikey-{ApiKey.objects.get().pk}"


def test_key_of_an_application_without_subscriptions_is_good_for_none(printer: Application) -> None:
    claims = claims_of(generate(printer))

    assert (claims["subscriptions"], claims["scope"]) == ({}, "")


def test_blocked_subscription_does_not_count(subscribed: Application) -> None:
    value = generate(subscribed)
    Subscription.objects.update(status=Subscription.Status.BLOCKED)

    assert claims_of(value)["subscriptions"] == {}


def test_change_of_subscriptions_holds_at_once(subscribed: Application) -> None:
    value = generate(subscribed)
    subscriptions.unsubscribe(subscription=Subscription.objects.get())

    assert claims_of(value)["subscriptions"] == {}


def test_key_is_good_for_as_long_as_its_owner_s_applications_may_call(subscribed: Application, alice: User) -> None:
    value = generate(subscribed)

    people.stop_applications(alice)
    assert api_keys.access_token(value) is None

    people.resume_applications(alice)
    assert api_keys.access_token(value)


def test_expired_unknown_and_orphaned_keys_are_none(subscribed: Application) -> None:
    value = generate(subscribed)
    assert api_keys.access_token(value[:-1]) is None
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert api_keys.access_token(value) is None
    ApiKey.objects.update(expires_at=None)
    assert api_keys.access_token(value)
    subscribed.delete()
    assert api_keys.access_token(value) is None


def test_check_costs_one_statement_and_the_use_is_noted_once_a_minute(
    subscribed: Application, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    value = generate(subscribed)
    api_keys.access_token(value)
    assert ApiKey.objects.get().last_used_at

    with django_assert_num_queries(1):
        assert api_keys.access_token(value)
    with django_assert_num_queries(1):
        assert api_keys.access_token("unknown") is None

    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(seconds=61))
    with django_assert_num_queries(2):
        api_keys.access_token(value)
