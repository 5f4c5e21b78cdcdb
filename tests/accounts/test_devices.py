"""Signed-in devices: listed, and ended."""

from __future__ import annotations

import re
import time
from unittest import mock

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts import devices
from accounts.models import Device, User
from tests.accounts.conftest import FIREFOX, SECURITY, sign_in

CHANGED = {"oldpassword": "bob", "password1": "a long passphrase", "password2": "a long passphrase"}


def is_in(browser: Browser) -> bool:
    return browser.get(SECURITY).status_code == 200


def test_a_device_has_browser_address_and_door(bobs: Browser) -> None:
    page = bobs.get(SECURITY).content.decode()

    for words in ("Firefox on Linux", "127.0.0.1", "Key Manager", "This one", "last seen"):
        assert words in page


def test_both_doors_are_listed(bobs: Browser) -> None:
    sign_in("bob", at="/accounts/login/")

    page = bobs.get(SECURITY).content.decode()

    assert "At the Key Manager" in page
    assert "At the API Store" in page


def test_one_device_is_signed_out(bobs: Browser, bob: User) -> None:
    other = sign_in("bob")
    number = max(Device.objects.filter(user=bob).values_list("pk", flat=True))

    page = bobs.post(f"{SECURITY}devices/{number}/end/", follow=True).content.decode()

    assert "That device is signed out." in page
    assert is_in(bobs)
    assert not is_in(other)


def test_all_others_are_signed_out(bobs: Browser) -> None:
    others = [sign_in("bob"), sign_in("bob", at="/accounts/login/")]

    page = bobs.post(f"{SECURITY}devices/end/", follow=True).content.decode()

    assert "Signed out everywhere else: 2 devices." in page
    assert is_in(bobs)
    assert not any(is_in(other) for other in others)


def test_somebody_else_s_device_is_out_of_reach(bobs: Browser, charlie: User) -> None:
    charlies = sign_in("charlie")
    number = Device.objects.get(user=charlie).pk

    bobs.post(f"{SECURITY}devices/{number}/end/")
    bobs.post(f"{SECURITY}devices/end/")

    assert is_in(charlies)


def test_the_device_in_hand_is_signed_out_where_one_signs_out(bobs: Browser, bob: User) -> None:
    answer = bobs.post(f"{SECURITY}devices/{Device.objects.get(user=bob).pk}/end/")

    assert (answer.status_code, answer.headers["Location"]) == (302, "/oauth2/account/logout/")
    assert is_in(bobs)


def test_ending_needs_a_post_and_the_form_s_token(bobs: Browser, bob: User) -> None:
    bobs.handler.enforce_csrf_checks = True

    assert bobs.get(f"{SECURITY}devices/end/").status_code == 405
    assert bobs.post(f"{SECURITY}devices/end/").status_code == 403


def test_signing_out_takes_the_device_off_the_list(bobs: Browser, bob: User) -> None:
    bobs.post("/oauth2/account/logout/")

    assert not Device.objects.filter(user=bob).exists()


def test_a_new_password_signs_out_everywhere_else(bobs: Browser, bob: User) -> None:
    others = [sign_in("bob"), sign_in("bob", at="/accounts/login/")]

    answer = bobs.post("/oauth2/account/password/change/", CHANGED)

    assert answer.headers["Location"] == SECURITY
    assert is_in(bobs)
    assert not any(is_in(other) for other in others)
    assert Device.objects.get(user=bob).session_id in {row.session_key for row in Session.objects.all()}


def test_a_forgotten_password_signs_out_everywhere(bobs: Browser, bob: User, mailoutbox: list[object]) -> None:
    stranger = Browser()
    stranger.post("/accounts/password/reset/", {"email": "bob@example.com"})
    link = re.search(r"/accounts/password/reset/key/\S+", str(mailoutbox[0].body))  # type: ignore[attr-defined]
    assert link is not None

    form = stranger.get(link[0], follow=True)
    stranger.post(form.request["PATH_INFO"], {name: CHANGED[name] for name in ("password1", "password2")})

    assert not is_in(bobs)
    assert not Device.objects.filter(user=bob).exists()


def test_a_request_soon_after_costs_nothing(bobs: Browser) -> None:
    with CaptureQueriesContext(connection) as asked:
        bobs.get("/oauth2/")

    assert not [query["sql"] for query in asked.captured_queries if "accounts_device" in query["sql"]]


def test_five_minutes_later_it_was_seen_again(bobs: Browser, bob: User) -> None:
    before = Device.objects.get(user=bob).last_seen_at

    with mock.patch("accounts.devices.time.time", return_value=time.time() + 301):
        bobs.get("/oauth2/", REMOTE_ADDR="192.0.2.7")

    after = Device.objects.get(user=bob)
    assert after.last_seen_at > before
    assert after.address == "192.0.2.7"


@pytest.mark.parametrize("sent", ["", "x" * 5000, "<script>alert(1)</script>"])
def test_a_strange_browser_is_listed_all_the_same(bob: User, sent: str) -> None:
    page = sign_in("bob", **{"User-Agent": sent}).get(SECURITY).content.decode()

    assert "Unknown browser" in page
    assert "alert(1)" not in page


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/129.0.0.0 Safari/537.36 Edg/129.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/129.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1", "Safari on iPhone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1.15", "Safari on macOS"),
        ("curl/8.5.0", "curl"),
    ],
)
def test_browsers_have_names(sent: str, name: str) -> None:
    assert devices.named(sent) == name
