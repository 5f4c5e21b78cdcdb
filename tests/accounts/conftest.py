"""Somebody signed in at the key manager, with and without a second factor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.test import Client as Browser

from accounts.models import User

LOGIN = "/oauth2/account/login/"
SECURITY = "/oauth2/account/security/"
TWO_STEP = "/oauth2/account/two-step/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


@pytest.fixture(autouse=True)
def _nobody_has_tried_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def sign_in(name: str, *, at: str = LOGIN, **headers: Any) -> Browser:
    browser = Browser(headers=headers)
    assert browser.post(at, {"login": name, "password": name}).status_code in (302, 303)
    return browser


@pytest.fixture
def bobs(bob: User) -> Browser:
    return sign_in("bob", **{"User-Agent": FIREFOX})


@pytest.fixture
def secret(bob: User) -> str:
    """bob's authenticator app is set up."""
    value: str = auth.generate_totp_secret()
    auth.TOTP.activate(bob, value)
    return value


@pytest.fixture
def codes(bob: User, secret: str) -> list[str]:
    """bob's recovery codes."""
    return list(RecoveryCodes.activate(bob).get_unused_codes())


def code_of(secret: str, *, steps: int = 0) -> str:
    return str(auth.format_hotp_value(auth.hotp_value(secret, int(time.time()) // 30 + steps)))


def session_of(browser: Browser) -> SessionStore:
    """Django's test client knows the store's session only."""
    return SessionStore(browser.cookies["__Host-keymanager-session"].value)


def long_ago(browser: Browser, seconds: int = 901) -> None:
    """What this browser proved at the key manager, it proved so long ago."""
    session = session_of(browser)
    for record in session["account_authentication_methods"]:
        record["at"] -= seconds
    session.save()


def kinds(user: User) -> set[str]:
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))
