"""The page "Authorization Code Grant", start to end, in three looks."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import walk
from tests.journeys.conftest import DARK, LIGHT, NARROW, NARROW_DARK, Installation, Look

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("look", [LIGHT, DARK, NARROW, NARROW_DARK], ids=str)
def test_the_page_word_for_word(open_page: Callable[..., Page], installation: Installation, look: Look) -> None:
    page = open_page(look)
    name = f"Photo Printer {look}"

    page.goto(installation.url("PORTAL", "/store"))
    expect(page.get_by_text("PhotoShare").first).to_be_visible()
    walk.look_at(page, "store", look)
    page.get_by_role("link", name="Sign In").first.click()
    walk.look_at(page, "sign-in", look)
    walk.sign_in(page, "alice")

    page.goto(installation.url("PORTAL", "/store/applications/"))
    expect(page.get_by_text("DefaultApplication").first).to_be_visible()
    walk.look_at(page, "applications", look)
    walk.add_application(page, installation, name)
    walk.look_at(page, "application", look)
    walk.subscribe(page)
    walk.look_at(page, "subscriptions", look)

    walk.open_tab(page, "Production Keys")
    code, implicit = page.get_by_label("Code", exact=True), page.get_by_label("Implicit", exact=True)
    expect(code).to_be_disabled()
    expect(implicit).to_be_disabled()
    walk.look_at(page, "keys-before", look)
    callback = page.get_by_label("Callback URL", exact=True)
    callback.press_sequentially(installation.callback)
    expect(code).to_be_enabled()
    expect(code).to_be_checked()
    expect(implicit).to_be_enabled()
    callback.fill("")
    expect(code).to_be_disabled()
    expect(code).not_to_be_checked()
    keys = walk.generate_keys(page, installation.callback)
    expect(page.get_by_text("cannot be shown again").first).to_be_visible()
    walk.look_at(page, "keys-after", look)

    walk.import_photos(page, installation, keys, scope="photos:read openid profile")
    expect(page.get_by_text(name).first).to_be_visible()
    walk.look_at(page, "login", look)
    walk.sign_in(page, "bob")

    for words in (name, "alice", "See your photos"):
        expect(page.get_by_text(words).first).to_be_visible()
    walk.look_at(page, "consent", look)
    page.get_by_role("button", name="Approve", exact=True).click()

    expect(page).to_have_url(re.compile("/playground2/"))
    walk.look_at(page, "playground-code", look)
    walk.get_access_token(page, keys)
    walk.look_at(page, "playground-token", look)
    assert keys.consumer_secret not in page.content()

    titles = walk.get_photos(page)
    assert len(titles) >= 6
    walk.look_at(page, "playground-photos", look)
    page.get_by_role("button", name="Get UserInfo").click()
    expect(page.get_by_role("term").filter(has_text="preferred_username")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="bob").first).to_be_visible()
    walk.look_at(page, "playground-userinfo", look)
    with page.expect_navigation():
        page.get_by_role("button", name="Refresh").click()
    assert len(walk.get_photos(page)) == len(titles)
    with page.expect_navigation():
        page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Start over").or_(page.get_by_role("link", name="Start over")).first.click()
    expect(page.get_by_label("Client Id").or_(page.get_by_role("link", name="Import Photos")).first).to_be_visible()


def test_the_gateway_s_authorize_endpoint_works_as_well(
    open_page: Callable[..., Page], installation: Installation
) -> None:
    keys = gateway_keys(installation, "Through The Gateway")
    page = open_page()

    endpoint = installation.url("GATEWAY", "/authorize")
    walk.import_photos(page, installation, keys, endpoint=endpoint, pkce=False)
    walk.sign_in(page, "charlie")
    page.get_by_role("button", name="Approve", exact=True).click()
    walk.get_access_token(page, keys)

    assert len(walk.get_photos(page)) >= 6


def gateway_keys(installation: Installation, name: str) -> walk.Keys:
    words = (
        "--grant-type",
        "authorization_code",
        "--grant-type",
        "refresh_token",
        "--subscribe",
        "PhotoShare:1.0:Gold",
    )
    return walk.keys_by_command(installation, name, *words)


def test_two_people_see_their_own_pictures_and_nobody_else_s(
    open_page: Callable[..., Page], installation: Installation
) -> None:
    keys = gateway_keys(installation, "Two People")
    seen = []
    for name in ("bob", "charlie"):
        page = open_page()
        walk.import_photos(page, installation, keys)
        walk.sign_in(page, name)
        page.get_by_role("button", name="Approve", exact=True).click()
        walk.get_access_token(page, keys)
        walk.get_photos(page)
        seen.append({image.get_attribute("src") for image in page.locator("main img").all()})

    assert seen[0].isdisjoint(seen[1])


def test_without_javascript_the_walk_works_too(open_page: Callable[..., Page], installation: Installation) -> None:
    page = open_page(java_script_enabled=False)

    walk.sign_in_to_store(page, installation, "alice")
    walk.add_application(page, installation, "No Script")
    walk.subscribe(page)
    walk.open_tab(page, "Production Keys")
    page.get_by_label("Code", exact=True).check()
    page.get_by_role("button", name="Generate Keys").click()
    expect(page.get_by_text(re.compile("callback URL", re.IGNORECASE)).first).to_be_visible()
    keys = walk.generate_keys(page, installation.callback, tick=["Code"])
    walk.import_photos(page, installation, keys)
    walk.sign_in(page, "bob")
    page.get_by_role("button", name="Approve", exact=True).click()
    walk.get_access_token(page, keys)
    page.get_by_role("button", name="Get Photos").click()

    expect(page.locator("main img").nth(5)).to_be_attached()


def test_deny_comes_back_in_plain_words(open_page: Callable[..., Page], installation: Installation) -> None:
    page = open_page()
    walk.import_photos(page, installation, gateway_keys(installation, "Denied"))
    walk.sign_in(page, "bob")

    page.get_by_role("button", name="Deny").click()

    expect(page.get_by_text("access_denied").first).to_be_visible()
    walk.look_at(page, "playground-denied", LIGHT)


def test_approve_always_is_not_asked_again(open_page: Callable[..., Page], installation: Installation) -> None:
    keys = gateway_keys(installation, "Always")
    page = open_page()
    walk.import_photos(page, installation, keys)
    walk.sign_in(page, "bob")
    page.get_by_role("button", name="Approve Always").click()
    expect(page.get_by_role("button", name="Get Access Token")).to_be_visible()

    walk.import_photos(page, installation, keys)

    expect(page.get_by_role("button", name="Get Access Token")).to_be_visible()


def test_a_foreign_callback_is_named_and_goes_nowhere(
    open_page: Callable[..., Page], installation: Installation
) -> None:
    keys = gateway_keys(installation, "Foreign Callback")
    page = open_page()
    query = f"response_type=code&client_id={keys.consumer_key}&redirect_uri=https://evil.example/cb"

    page.goto(installation.url("PORTAL", f"/oauth2/authorize?{query}"))

    expect(page.get_by_text("https://evil.example/cb")).to_be_visible()
    walk.look_at(page, "error", LIGHT)


def test_the_back_button_after_approving_is_harmless(
    open_page: Callable[..., Page], installation: Installation
) -> None:
    page = open_page()
    walk.import_photos(page, installation, gateway_keys(installation, "Back Button"))
    walk.sign_in(page, "bob")
    page.get_by_role("button", name="Approve", exact=True).click()
    expect(page.get_by_role("button", name="Get Access Token")).to_be_visible()

    page.go_back()
    if page.get_by_role("button", name="Approve", exact=True).count():
        page.get_by_role("button", name="Approve", exact=True).click()

    expect(page.get_by_text(re.compile("expired|Access Token|Import Photos")).first).to_be_visible()


def test_without_a_subscription_the_gateway_refuses(open_page: Callable[..., Page], installation: Installation) -> None:
    keys = walk.keys_by_command(installation, "Unsubscribed", "--grant-type", "authorization_code")
    page = open_page()
    walk.import_photos(page, installation, keys)
    walk.sign_in(page, "bob")
    page.get_by_role("button", name="Approve", exact=True).click()
    walk.get_access_token(page, keys)

    page.get_by_role("button", name="Get Photos").click()

    expect(page.get_by_text("900908").first).to_be_visible()
    walk.look_at(page, "playground-unsubscribed", LIGHT)


def test_the_password_grant_s_users_are_in_the_statistics_once(
    open_page: Callable[..., Page], installation: Installation
) -> None:
    words = ("--grant-type", "password", "--grant-type", "authorization_code", "--subscribe", "PhotoShare:1.0:Gold")
    keys = walk.keys_by_command(installation, "Registered", *words)
    page = open_page()
    for name in ("bob", "bob", "charlie"):
        page.goto(installation.url("PLAYGROUND", "/playground2"))
        page.get_by_role("link", name="Import Photos").first.click()
        page.get_by_label("Authorization Grant Type").select_option(label="Resource Owner")
        page.get_by_label("Client Id").fill(keys.consumer_key)
        page.get_by_label("Client Secret").fill(keys.consumer_secret)
        page.get_by_label("Resource Owner User Name").fill(name)
        page.get_by_label("Resource Owner Password").fill(name)
        page.get_by_role("button", name="Authorize").click()
        expect(page.get_by_text("Access Token", exact=True).first).to_be_visible()

    walk.sign_in_to_store(page, installation, "alice")
    page.get_by_role("link", name="Statistics").first.click()

    row = page.get_by_role("row").filter(has_text="Registered").last
    expect(row).to_contain_text("2")
    expect(row).to_contain_text("bob")
    expect(row).to_contain_text("charlie")
    walk.look_at(page, "statistics", LIGHT)
