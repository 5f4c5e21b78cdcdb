"""Black-box over HTTP: a browser is Django's test client, an application calls the token endpoint with `post_token`."""

from __future__ import annotations

import base64
import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.test import Client as Browser, RequestFactory

from accounts import devices
from accounts.models import User
from demo import certificates
from keymanager import client_cache, clients, codes, signing, signing_keys
from keymanager.models import Client
from tests.keymanager import keys
from tests.keymanager.sites import Site

CALLBACK = "https://printer.example/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-long"
ALL = ["authorization_code", "refresh_token", "client_credentials", "password", "implicit"]


@dataclass(frozen=True)
class Registered:
    client: Client
    secret: str | None

    @property
    def id(self) -> str:
        return self.client.client_id


Remember = Callable[[Registered], Registered]


@pytest.fixture(autouse=True)
def _fresh_signing_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test makes its signing keys anew; those of RSA, which take long to find, come back (keys.py)."""
    monkeypatch.setattr(signing_keys, "generate", keys.signing_key_maker())
    signing.forget()
    # Wrong guesses of the test before would count (keymanager's and the accounts' rate limits).
    cache.clear()
    yield
    signing.forget()


@pytest.fixture
def register(alice: User) -> Callable[..., Registered]:
    """Registers a client of alice's: every grant type, one callback, the two photo scopes, unless told otherwise."""

    def registered(**changes: Any) -> Registered:
        fields: dict[str, Any] = {
            "public": False,
            "redirect_uris": [CALLBACK],
            "grant_types": ALL,
            "scopes": ["photos:read", "photos:write"],
            "name": "Photo Printer",
            "owner_name": "alice",
            "user_id": alice.pk,
        }
        return Registered(*clients.register(**(fields | changes)))

    return registered


@pytest.fixture
def remembered(settings: Any) -> Iterator[Remember]:
    """Switches on what tests/settings.py switches off, for clients as if their registration had committed."""
    settings.CLIENT_CACHE_SECONDS = 60

    def committed(registered: Registered) -> Registered:
        client_cache.changed()
        return registered

    yield committed
    client_cache.changed()


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    certificates.ensure_in(folder, ["localhost"], dt.datetime.now(dt.UTC))
    return folder


@pytest.fixture
def site(tls: Path, settings: Any) -> Iterator[Site]:
    settings.TLS_CA_FILE = tls / "ca.pem"
    cache.clear()
    with Site(tls) as site:
        threading.Thread(target=site.serve_forever, args=(0.02,), daemon=True).start()
        yield site
        site.shutdown()


@pytest.fixture
def printer(register: Callable[..., Registered]) -> Registered:
    return register()


@pytest.fixture
def bobs_browser(bob: User) -> Browser:
    """bob's browser, signed in at the key manager."""
    return signed_in(bob)


def signed_in(user: User) -> Browser:
    """What the sign-in page leaves behind (test_conftest.py compares): most tests begin after it."""
    request = RequestFactory().get("/oauth2/account/login/")
    request.session = SessionStore()
    request.session.update(
        {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "accounts.backends.AuthenticationBackend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
            "account_authentication_methods": [{"method": "password", "at": time.time(), "username": user.username}],
            "account_authentication_methods_user": str(user.pk),
        }
    )
    request.session.set_expiry(0)
    request.session.create()
    devices.arrive(request, user)
    request.session.save()
    browser = Browser()
    browser.cookies[settings.KEYMANAGER_SESSION_COOKIE_NAME] = str(request.session.session_key)
    return browser


def sign_in(browser: Browser, name: str) -> Browser:
    response = browser.post("/oauth2/account/login/", {"login": name, "password": name})
    assert response.status_code in (302, 303), response.content
    return browser


def authorize(browser: Browser, registered: Registered, **changes: str | None) -> Any:
    """GET of the authorization endpoint; a change to None leaves that parameter out."""
    values: dict[str, str | None] = {
        "response_type": "code",
        "client_id": registered.id,
        "redirect_uri": CALLBACK,
        "scope": "photos:read",
        "state": "xyz",
    }
    sent = {name: value for name, value in (values | changes).items() if value is not None}
    return browser.get(f"/oauth2/authorize?{urlencode(sent)}")


def decide(browser: Browser, asked: Any, decision: str = "approve") -> Any:
    """Answers the consent page that `asked` redirects to."""
    assert asked.status_code in (302, 303), asked.content
    return browser.post(urlsplit(asked["Location"]).path, {"decision": decision})


def query_of(response: Any) -> dict[str, str]:
    assert response.status_code in (302, 303), response.content
    parts = urlsplit(response["Location"])
    return {name: values[0] for name, values in parse_qs(parts.query or parts.fragment).items()}


def code_for(browser: Browser, registered: Registered, **changes: str | None) -> str:
    """A fresh code that the person in this browser approved."""
    return query_of(decide(browser, authorize(browser, registered, **changes)))["code"]


def post_token(registered: Registered, *, secret: str | None = None, **parameters: str) -> Any:
    """POST of the token endpoint with Basic; a public client names itself in the body."""
    if registered.secret is None:
        return Browser().post("/oauth2/token", {"client_id": registered.id, **parameters})
    return Browser().post("/oauth2/token", parameters, headers=basic(registered, secret))


def basic(registered: Registered, secret: str | None = None) -> dict[str, str]:
    pair = f"{registered.id}:{secret or registered.secret}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def exchange(registered: Registered, code: str, **changes: str) -> Any:
    parameters = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK} | changes
    return post_token(registered, **parameters)


def challenge() -> dict[str, str | None]:
    return {"code_challenge": codes.challenge(VERIFIER), "code_challenge_method": "S256"}
