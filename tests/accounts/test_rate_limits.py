"""How often one may try to sign in."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.test import Client as Browser
from pytest_django import Settings

from accounts.models import User
from tests.accounts.conftest import LOGIN

TOO_MANY = "Too many wrong tries"


def attempt(name: str, password: str, address: str = "127.0.0.1") -> str:
    return Browser().post(LOGIN, {"login": name, "password": password}, REMOTE_ADDR=address).content.decode()


def test_an_account_is_not_guessed_from_many_addresses(bob: User, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "100/m/ip,3/5m/key"}
    for number in range(3):
        attempt("bob", "wrong", f"192.0.2.{number}")

    assert TOO_MANY in attempt("bob", "bob", "192.0.2.9")


def test_an_address_does_not_try_many_accounts(bob: User, charlie: User, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "3/m/ip,100/m/key"}
    for number in range(3):
        attempt(f"somebody-{number}", "wrong")

    assert TOO_MANY in attempt("bob", "bob")
    assert TOO_MANY not in attempt("charlie", "charlie", "192.0.2.9")


def test_asking_too_often_is_a_page_of_its_own(client: Browser, db: None, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    client.post(LOGIN, {"login": "x", "password": "x"})

    page = client.post(LOGIN, {"login": "x", "password": "x"})

    assert page.status_code == 429
    assert "Too many tries" in page.content.decode()


@pytest.mark.parametrize("header", ["192.0.2.1", "192.0.2.2, 192.0.2.1", "nonsense"])
def test_a_header_that_anybody_can_write_is_not_believed(bob: User, settings: Settings, header: str) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "1/m/ip,100/m/key"}
    attempt("bob", "wrong")

    browser = Browser(headers={"X-Forwarded-For": header})

    assert TOO_MANY in browser.post(LOGIN, {"login": "bob", "password": "bob"}).content.decode()


@pytest.mark.parametrize(
    ("header", "blocked"), [("192.0.2.1, 192.0.2.9", True), ("192.0.2.9, 192.0.2.1", False), ("x", False)]
)
def test_behind_proxies_the_first_of_them_says_who_it_was(
    bob: User, settings: Settings, header: str, blocked: bool
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "1/m/ip,100/m/key"}
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 2
    Browser(headers={"X-Forwarded-For": "192.0.2.1, 10.0.0.1"}).post(LOGIN, {"login": "bob", "password": "wrong"})

    page = Browser(headers={"X-Forwarded-For": header}).post(LOGIN, {"login": "bob", "password": "bob"})

    assert (TOO_MANY in page.content.decode()) == blocked


def test_outside_the_demo_the_limits_are_set_and_stricter() -> None:
    code = "from apimanager import settings as s; print(s.ACCOUNT_RATE_LIMITS['login_failed'], s.CACHES['default'])"
    environment = {"PATH": os.environ["PATH"], "APIM_SECRET_KEY": "x" * 60, "APIM_REDIS_URL": "redis://localhost:1/0"}

    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)

    assert answer.stdout.startswith("20/m/ip,5/5m/key ")
    assert "RedisCache" in answer.stdout
