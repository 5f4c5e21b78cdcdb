"""The steps of the walk, by the words a user sees."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.journeys.conftest import SCREENSHOTS, Installation, Look


@dataclass(frozen=True)
class Keys:
    consumer_key: str
    consumer_secret: str


def look_at(page: Page, name: str, look: Look) -> None:
    """Takes a picture, and holds that nothing scrolls sideways and that the page has one main heading."""
    page.wait_for_load_state()
    wide = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    assert wide <= 0, f"{name} scrolls sideways by {wide} px"
    assert page.locator("h1").count() == 1, f"{name} needs one h1"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}-{look}.png", full_page=True)


def sign_in_to_store(page: Page, installation: Installation, name: str) -> None:
    page.goto(installation.url("PORTAL", "/store"))
    page.get_by_role("link", name="Sign In").first.click()
    sign_in(page, name)


def sign_in(page: Page, name: str) -> None:
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password", exact=True).fill(name)
    page.get_by_role("button", name="Sign In").click()


def add_application(page: Page, installation: Installation, name: str, quota: str = "50PerMin") -> None:
    page.goto(installation.url("PORTAL", "/store/applications/"))
    page.get_by_role("link", name="Add Application").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Per Token Quota").select_option(label=quota)
    page.get_by_label("Description").fill("Prints what people approve")
    page.get_by_label("Token Type").select_option("JWT")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).last.click()


def subscribe(page: Page, tier: str = "Gold") -> None:
    open_tab(page, "Subscriptions")
    page.get_by_label("API", exact=True).select_option(label="PhotoShare 1.0")
    page.get_by_label("Tier").select_option(label=tier)
    page.get_by_role("button", name="Subscribe").click()
    expect(page.get_by_role("cell", name="PhotoShare").first).to_be_visible()


def generate_keys(page: Page, callback: str, tick: Sequence[str] = ()) -> Keys:
    open_tab(page, "Production Keys")
    page.get_by_label("Callback URL", exact=True).fill(callback)
    for name in tick:
        page.get_by_label(name, exact=True).check()
    page.get_by_role("button", name="Generate Keys").click()
    return Keys(
        consumer_key=page.get_by_label("Consumer Key").input_value(),
        consumer_secret=page.get_by_label("Consumer Secret").input_value(),
    )


def keys_by_command(installation: Installation, name: str, *words: str) -> Keys:
    """What a script does instead of the pages."""
    answer = installation.manage(
        *("generate_keys", "--owner", "alice", "--application", name, "--callback-url", installation.callback, *words)
    )
    assert answer.returncode == 0, answer.stderr
    printed = json.loads(answer.stdout)
    return Keys(consumer_key=printed["consumerKey"], consumer_secret=printed["consumerSecret"])


def import_photos(
    page: Page,
    installation: Installation,
    keys: Keys,
    *,
    scope: str = "photos:read",
    endpoint: str | None = None,
    pkce: bool = True,
) -> None:
    page.goto(installation.url("PLAYGROUND", "/playground2"))
    page.get_by_role("link", name="Import Photos").first.click()
    page.get_by_label("Authorization Grant Type").select_option(label="Authorization Code")
    page.get_by_label("Client Id").fill(keys.consumer_key)
    page.get_by_label("Scope").fill(scope)
    expect(page.get_by_label("Callback URL")).to_have_value(installation.callback)
    expect(page.get_by_label("Authorize Endpoint")).to_have_value(installation.url("PORTAL", "/oauth2/authorize"))
    if endpoint:
        page.get_by_label("Authorize Endpoint").fill(endpoint)
    page.get_by_label(re.compile("PKCE")).set_checked(pkce)
    page.get_by_role("button", name="Authorize").click()


def get_access_token(page: Page, keys: Keys) -> None:
    page.get_by_label("Client Secret").fill(keys.consumer_secret)
    page.get_by_role("button", name="Get Access Token").click()
    expect(page.get_by_text("Access Token", exact=True).first).to_be_visible()


def get_photos(page: Page) -> list[str]:
    """The titles of the pictures shown, after every one of them has really been loaded."""
    page.get_by_role("button", name="Get Photos").click()
    pictures = page.locator("main img")
    expect(pictures.nth(5)).to_be_visible()
    for picture in pictures.all():
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    return [picture.get_attribute("alt") or "" for picture in pictures.all()]
