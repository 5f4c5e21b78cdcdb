"""A browser's way to the other server and back (tests.keymanager.elsewhere.provider.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client as Browser

from keymanager.sign_in_elsewhere import providers
from tests.keymanager.conftest import Registered, authorize
from tests.keymanager.elsewhere.provider import CLIENT_ID, SECRET, Provider

if TYPE_CHECKING:
    from pytest_django import Settings

HERE = "/oauth2/account/elsewhere/"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    started = Provider(tmp_path_factory.mktemp("provider") / "tls")
    yield started
    started.stop()


@pytest.fixture
def there(provider: Provider, settings: Settings, db: None) -> Provider:
    """The other server, which the settings name."""
    provider.behave()
    providers.forget()
    settings.AUTHENTICATION_ELSEWHERE = True
    settings.AUTHENTICATION_ISSUER = provider.issuer
    settings.AUTHENTICATION_CLIENT_ID, settings.AUTHENTICATION_CLIENT_SECRET = CLIENT_ID, SECRET
    settings.AUTHENTICATION_CA_FILE = str(provider.ca_file)
    return provider


def sent(browser: Browser, asked: Any) -> dict[str, str]:
    """Follows `asked` to the door of the other server: what the browser takes along."""
    assert asked.status_code == 302, asked.content
    return taken_along(browser.get(asked["Location"]))


def taken_along(response: Any) -> dict[str, str]:
    assert response.status_code in (302, 303), response.content
    return {name: value[0] for name, value in parse_qs(urlsplit(response["Location"]).query).items()}


def come_back(browser: Browser, there: Provider, asked: dict[str, str], **changes: str | None) -> Any:
    """To our callback; without a change, with a code for bob."""
    values = {"state": asked["state"], "iss": there.issuer} | changes
    if "error" not in changes and "code" not in changes:
        values["code"] = there.code(asked)
    return browser.get(f"{HERE}callback", {name: value for name, value in values.items() if value is not None})


def go(
    browser: Browser, there: Provider, registered: Registered, *, claims: dict[str, Any], wish: str = "", **changes: str
) -> Any:
    """From the client's request, whose `claims` parameter is the `wish`, to where the callback sends the browser."""
    asked = sent(browser, authorize(browser, registered, **changes, claims=wish or None))
    return come_back(browser, there, asked, code=there.code(asked, **claims))


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def is_signed_in(browser: Browser) -> bool:
    return bool(browser.get("/oauth2/").status_code == 200)
