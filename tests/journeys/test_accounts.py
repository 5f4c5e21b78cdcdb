"""Two steps and a passkey in a real browser, with a real (if virtual) authenticator."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import walk
from tests.journeys.conftest import DARK, NARROW, Installation, Look
from tests.journeys.test_walk import gateway_keys

pytestmark = pytest.mark.browser

PHRASE = "seven grey herons waded"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def code_of(secret: str) -> str:
    """RFC 6238, as an authenticator app reckons it."""
    step = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(secret), step, hashlib.sha1)
    at = digest[-1] & 15
    return f"{(int.from_bytes(digest[at : at + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def sign_up(page: Page, installation: Installation, name: str) -> None:
    """A person of this test's own: the cast signs in without a second step everywhere else."""
    page.goto(installation.url("PORTAL", "/oauth2/account/signup/"))
    page.get_by_label("Username").fill(name)
    for label in ("Password", "Password (again)"):
        page.get_by_label(label, exact=True).fill(PHRASE)
    page.get_by_role("button", name="Sign Up").click()
    expect(page.get_by_role("heading", name="Applications with access")).to_be_visible()
    page.get_by_role("link", name="Security").click()


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(PHRASE)
    page.get_by_role("button", name="Sign In", exact=True).click()


def give_an_authenticator(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


@pytest.mark.parametrize("look", [NARROW], ids=str)
def test_an_authenticator_app_is_set_up_and_asked_for(
    open_page: Callable[..., Page], installation: Installation, look: Look
) -> None:
    name = f"tina-{look}"
    page = open_page(look)
    sign_up(page, installation, name)
    walk.look_at(page, "security", look)
    page.get_by_role("link", name="Set up an authenticator app").click()
    secret = page.locator("#key").inner_text()
    walk.look_at(page, "security-app", look)
    page.get_by_label("Code", exact=True).fill(code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_label("Recovery codes").get_by_role("listitem")).to_have_count(10)
    walk.look_at(page, "security-codes", look)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert len(download.value.path().read_text().split()) == 10

    other = open_page(look)
    walk.import_photos(other, installation, gateway_keys(installation, f"Two Steps {look}"))
    sign_in(other, name)
    walk.look_at(other, "second-step", look)
    other.get_by_label("Code", exact=True).fill(code_of(secret))
    other.get_by_role("button", name="Go on").click()

    other.get_by_role("button", name="Approve", exact=True).click()
    expect(other).to_have_url(re.compile("/playground2/"))


@pytest.mark.parametrize("look", [DARK], ids=str)
def test_a_passkey_is_added_and_signs_in_by_itself(
    open_page: Callable[..., Page], installation: Installation, look: Look
) -> None:
    name = f"pia-{look}"
    page = open_page(look)
    give_an_authenticator(page)
    sign_up(page, installation, name)
    page.get_by_role("link", name="Add a passkey").click()
    walk.look_at(page, "security-passkey", look)
    page.get_by_label("Name", exact=True).fill("Laptop")
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("link", name="I have saved them").click()
    expect(page.get_by_text("Laptop", exact=True).first).to_be_visible()
    walk.look_at(page, "security-full", look)
    page.get_by_role("button", name="Sign Out", exact=True).click()
    sign_in(page, name)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Applications with access")).to_be_visible()
    page.get_by_role("button", name="Sign Out", exact=True).click()

    walk.import_photos(page, installation, gateway_keys(installation, f"Passkey {look}"))
    walk.look_at(page, "login-passkey", look)
    page.get_by_role("button", name="Use a passkey instead").click()
    page.get_by_role("button", name="Approve", exact=True).click()

    expect(page).to_have_url(re.compile("/playground2/"))
    page.goto(installation.url("PORTAL", "/accounts/login/?next=/store/applications/"))
    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_text("DefaultApplication").first).to_be_visible()


def test_without_a_passkey_the_page_says_so_and_the_password_works(
    open_page: Callable[..., Page], installation: Installation
) -> None:
    page = open_page()
    give_an_authenticator(page)
    page.goto(installation.url("PORTAL", "/oauth2/account/login/"))

    page.get_by_role("button", name="Use a passkey instead").click()
    expect(page.get_by_text("Nothing came from the passkey")).to_be_visible()

    walk.sign_in(page, "bob")
    expect(page.get_by_role("heading", name="Applications with access")).to_be_visible()


def test_devices_are_ended_without_javascript(open_page: Callable[..., Page], installation: Installation) -> None:
    first, second = open_page(java_script_enabled=False), open_page(java_script_enabled=False)
    for page in (first, second):
        page.goto(installation.url("PORTAL", "/oauth2/account/login/?next=/oauth2/account/security/"))
        expect(page.get_by_role("button", name="Use a passkey instead")).to_be_hidden()
        walk.sign_in(page, "charlie")

    first.reload()
    first.get_by_role("button", name="End all others").click()

    expect(first.get_by_text("Signed out everywhere else")).to_be_visible()
    second.reload()
    expect(second.get_by_label("Username")).to_be_visible()
