"""The logo of a client, on the pages where somebody approves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client as Browser

from tests.keymanager.conftest import Registered, authorize
from tests.keymanager.test_device_code import GRANT_TYPE, asked, enter
from tests.keymanager.test_front_channel import directives

pytestmark = pytest.mark.django_db

LOGO = "https://pictures.example:8443/logo.png?a&b"


def consent_page(browser: Browser, registered: Registered) -> Any:
    return browser.get(urlsplit(authorize(browser, registered)["Location"]).path)


def device_page(browser: Browser, registered: Registered) -> Any:
    return enter(browser, asked(registered)["user_code"])


@pytest.mark.rfc("7591#2")
@pytest.mark.rfc("oidc-registration#2")
@pytest.mark.parametrize("page_of", [consent_page, device_page])
def test_the_logo_is_shown_where_somebody_approves(
    bobs_browser: Browser, register: Callable[..., Registered], page_of: Callable[..., Any]
) -> None:
    client = register(metadata={"logo_uri": LOGO}, grant_types=["authorization_code", GRANT_TYPE])

    page = page_of(bobs_browser, client)

    address = LOGO.replace("&", "&amp;")
    assert f'src="{address}" alt="" referrerpolicy="no-referrer"' in page.content.decode()
    assert directives(page)["img-src"] == "'self' data: https://pictures.example:8443"


def test_without_a_logo_no_picture_comes_from_elsewhere(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    page = consent_page(bobs_browser, register())

    assert 'class="app-mark" aria-hidden="true">PP<' in page.content.decode()
    assert directives(page)["img-src"] == "'self' data:"


@pytest.mark.parametrize("host", ["a; script-src *; x", "a;script-src", "a script-src b", "a,b"])
def test_an_address_cannot_smuggle_a_directive_in(
    bobs_browser: Browser, register: Callable[..., Registered], host: str
) -> None:
    page = consent_page(bobs_browser, register(metadata={"logo_uri": f"https://{host}/logo.png"}))

    assert directives(page)["img-src"] == "'self' data:"
    assert "script-src" not in directives(page)
