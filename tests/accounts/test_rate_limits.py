"""How often one may try to sign in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from django.core import signing
from django.test import Client as Browser, RequestFactory
from pytest_django import Settings

from accounts import known_browsers
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


def test_an_account_is_not_guessed_under_many_names_of_the_portal(strict: None, bob: User) -> None:
    for number in range(3):
        Browser(headers={"Host": f"localhost:{number + 1}"}).post(LOGIN, {"login": "bob", "password": "wrong"})

    page = Browser(headers={"Host": "localhost:4"}).post(LOGIN, {"login": "bob", "password": "bob"})

    assert TOO_MANY in page.content.decode()


@pytest.fixture
def strict(settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login_failed": "100/m/ip,3/5m/key"}


def sign_in(browser: Browser, name: str, password: str) -> bool:
    """And out again."""
    signed_in = browser.post(LOGIN, {"login": name, "password": password}).status_code == 303
    for other in [cookie for cookie in browser.cookies if cookie != known_browsers.COOKIE]:
        del browser.cookies[other]
    return signed_in


@pytest.fixture
def known(bob: User) -> Browser:
    """The browser of bob."""
    browser = Browser()
    assert sign_in(browser, "bob", "bob")
    return browser


@pytest.mark.parametrize("name", ["bob", "BOB"])
def test_whoever_guesses_elsewhere_does_not_keep_the_owner_out(strict: None, known: Browser, name: str) -> None:
    for _ in range(3):
        attempt("bob", "wrong", "192.0.2.1")
    assert TOO_MANY in attempt("bob", "bob", "192.0.2.1")

    assert sign_in(known, name, "bob")


def test_a_browser_that_is_known_may_not_guess_for_long_either(strict: None, known: Browser) -> None:
    """Not by signing in between the guesses either."""
    for password in ("wrong", "wrong", "bob", "wrong"):
        sign_in(known, "bob", password)

    assert not sign_in(known, "bob", "bob")
    assert TOO_MANY not in attempt("bob", "bob")


@pytest.mark.parametrize("change", [lambda value: value[:-1], lambda value: "", lambda value: "W10:1:x"])
def test_a_browser_is_known_for_its_own_accounts_only(
    strict: None, known: Browser, charlie: User, change: Callable[[str], str]
) -> None:
    for name in ("bob", "charlie"):
        for _ in range(3):
            attempt(name, "wrong", "192.0.2.1")

    assert not sign_in(known, "charlie", "charlie")
    known.cookies[known_browsers.COOKIE] = change(known.cookies[known_browsers.COOKIE].value)
    assert not sign_in(known, "bob", "bob")


def test_several_people_use_one_browser(strict: None, known: Browser, charlie: User) -> None:
    assert sign_in(known, "charlie", "charlie")
    for name in ("bob", "charlie"):
        for _ in range(3):
            attempt(name, "wrong", "192.0.2.1")

    assert sign_in(known, "bob", "bob")
    assert sign_in(known, "charlie", "charlie")


def test_a_browser_is_known_however_the_name_is_written(strict: None, db: None) -> None:
    User.objects.create_user("Dora", password="dora")
    browser = Browser()
    assert sign_in(browser, "Dora", "dora")
    for _ in range(3):
        attempt("dora", "wrong", "192.0.2.1")

    assert sign_in(browser, "dora", "dora")


def test_a_browser_remembers_so_many_and_not_for_ever(known: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(known_browsers.MOST):
        User.objects.create_user(f"guest{number}", password="guest")
        assert sign_in(known, f"guest{number}", "guest")
    request = RequestFactory().get("/")
    request.COOKIES = {known_browsers.COOKIE: known.cookies[known_browsers.COOKIE].value}

    assert known_browsers.mark(request, "guest0")
    assert not known_browsers.mark(request, "bob")
    monkeypatch.setattr(known_browsers, "SECONDS", -1)
    assert not known_browsers.mark(request, "guest0")


def test_the_mark_of_a_browser_names_nobody_and_is_for_the_portal_alone(known: Browser) -> None:
    cookie = known.cookies[known_browsers.COOKIE]

    kept = {name: cookie[name] for name in ("secure", "httponly", "samesite", "path", "domain")}
    assert kept == {"secure": True, "httponly": True, "samesite": "Lax", "path": "/", "domain": ""}
    content = json.dumps(signing.loads(cookie.value, salt=known_browsers.SALT))
    assert "bob" not in content


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
