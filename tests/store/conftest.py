"""alice develops: PhotoShare is published, and her application Photo Printer is subscribed to it.

A browser is Django's test client; the key manager is the real one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from keymanager import signing
from keymanager.models import Client
from store import applications, keys, publishing, subscriptions
from store.documents import Document
from store.keys import KeySettings
from store.models import Api, Application, ApplicationKey, ThrottlingPolicy
from store.publishing import Description

CALLBACK = "https://printer.example/callback"
DEFINITION = json.loads((Path(__file__).parent / "photoshare.json").read_text())

Generate = Callable[..., "Generated"]


def tier(name: str) -> ThrottlingPolicy:
    return ThrottlingPolicy.objects.get(level="subscription", name=name)


def quota(name: str) -> ThrottlingPolicy:
    return ThrottlingPolicy.objects.get(level="application", name=name)


def publish(provider: User, **changes: Any) -> Api:
    described: dict[str, Any] = {
        "name": "PhotoShare",
        "version": "1.0",
        "context": "/photos",
        "production_endpoints": ["http://127.0.0.1:8090"],
        "sandbox_endpoints": ["http://127.0.0.1:8090"],
        "tags": ["photos", "sample"],
    }
    definition = changes.pop("definition", DEFINITION)
    description = Description(**(described | changes))
    return publishing.publish(provider=provider, document=Document(definition, {}), description=description)


def add(owner: User, name: str, **changes: Any) -> Application:
    fields: dict[str, Any] = {"policy": quota("50PerMin"), "description": "", "token_type": "JWT"}
    return applications.add(owner=owner, name=name, **(fields | changes))


@pytest.fixture(autouse=True)
def _keys_of_this_test() -> Iterator[None]:
    """Those that the test before has made went with its transaction: read again in the middle, they would be others."""
    signing.forget()
    yield
    signing.forget()


@pytest.fixture
def photoshare(bob: User) -> Api:
    return publish(bob)


@pytest.fixture
def printer(alice: User) -> Application:
    return add(alice, "Photo Printer")


@pytest.fixture
def subscribed(printer: Application, photoshare: Api) -> Application:
    subscriptions.subscribe(application=printer, api=photoshare, policy=tier("Gold"))
    return printer


class Generated:
    """A key set that was generated, and its secret."""

    def __init__(self, application: Application, key_type: str, secret: str | None) -> None:
        self.key = ApplicationKey.objects.get(application=application, key_type=key_type)
        self.secret = secret

    @property
    def client(self) -> Client:
        client: Client = Client.objects.get(client_id=self.key.consumer_key)
        return client


def settings(**changes: Any) -> KeySettings:
    chosen: dict[str, Any] = {
        "callback_urls": [CALLBACK],
        "grant_types": ["authorization_code", "refresh_token", "client_credentials"],
        "scopes": [],
        "access_token_lifetime": 3600,
    }
    return KeySettings(**(chosen | changes))


def generate(application: Application, key_type: str = "PRODUCTION", **changes: Any) -> Generated:
    credentials = keys.generate(application=application, key_type=key_type, settings=settings(**changes))
    return Generated(application, key_type, credentials.consumer_secret)


@pytest.fixture
def generated(subscribed: Application) -> Generated:
    return generate(subscribed)


def browser_of(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user, backend="accounts.backends.AuthenticationBackend")
    proved(browser, user, seconds_ago=0)
    return browser


def proved(browser: Browser, user: User, *, seconds_ago: int) -> None:
    """When the person in this browser last typed the password; a forced login leaves that out."""
    session = browser.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time() - seconds_ago}]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()


@pytest.fixture
def alices(alice: User) -> Browser:
    """alice's browser, signed in at the store."""
    return browser_of(alice)


@pytest.fixture
def charlies(charlie: User) -> Browser:
    """The browser of a stranger to alice's applications, signed in at the store."""
    return browser_of(charlie)


def typed(**changes: Any) -> dict[str, Any]:
    """The keys form as a developer fills it."""
    fields: dict[str, Any] = {
        "callback_url": CALLBACK,
        "more_callback_urls": "",
        "grant_types": ["authorization_code", "refresh_token"],
        "access_token_lifetime": "3600",
    }
    return fields | changes
