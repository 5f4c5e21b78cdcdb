"""What people and machines write does not break a page: long words, names from right to left, links in text."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import walk
from tests.journeys.conftest import LIGHT, NARROW, Installation, Look

OpenPage = Callable[..., Page]
LONG_NAME = "W" * 70
LONG_SCOPE = f"long:{'scope' * 18}"
ADD_SCOPE = f"""
from keymanager.models import Client, Scope
Scope.objects.get_or_create(name="{LONG_SCOPE}", title="{"عرض الصور" * 11}", description="{"d" * 180}")
for client in Client.objects.filter(name="{LONG_NAME}"):
    client.scopes = ["{LONG_SCOPE}"]
    client.save()
"""

LONG_PERSON = "u" * 150
LONG_API = "V" * 100
ADD_LONG_ONES = f"""
from accounts.models import User
from store import documents, publishing
from store.publishing import Description
scopes = {{"scope:" + "s" * 90: "What it is good for. " * 20}}
flow = {{"authorizationUrl": "https://a.example/", "tokenUrl": "https://a.example/", "scopes": scopes}}
document = {{
    "openapi": "3.0.3",
    "info": {{"title": "V", "version": "1"}},
    "paths": {{"/" + "segment" * 20: {{"get": {{"security": [{{"o": list(scopes)}}], "responses": {{}}}}}}}},
    "components": {{"securitySchemes": {{"o": {{"type": "oauth2", "flows": {{"authorizationCode": flow}}}}}}}},
}}
person = User.objects.create_user("{LONG_PERSON}", "", "{LONG_PERSON}", is_demo=True, is_staff=True)
description = Description(
    name="{LONG_API}", version="9" * 30, context="/" + "c" * 90, production_endpoints=["http://127.0.0.1:9"]
)
publishing.add(provider=person, document=documents.read(__import__("json").dumps(document)), description=description)
"""


@pytest.fixture(scope="module")
def consumer_key(installation: Installation) -> str:
    words = ("--grant-type", "authorization_code", "--subscribe", "PhotoShare:1.0:Gold")
    keys = walk.keys_by_command(installation, LONG_NAME, *words)
    assert installation.manage("shell", "--no-imports", "-c", ADD_SCOPE).returncode == 0
    return keys.consumer_key


def sideways(page: Page) -> int:
    page.wait_for_load_state()
    wide: int = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    return wide


@pytest.mark.parametrize("look", [LIGHT, NARROW], ids=str)
def test_long_words_push_no_page_sideways(
    open_page: OpenPage, installation: Installation, consumer_key: str, look: Look
) -> None:
    page = open_page(look)
    walk.sign_in_to_store(page, installation, "alice")
    expect(page.get_by_role("link", name="Applications")).to_be_visible()
    for path in ("applications/", "subscriptions/"):
        page.goto(installation.url("PORTAL", f"/store/{path}"))
        assert sideways(page) <= 0, path

    parameters = {"response_type": "code", "client_id": consumer_key, "redirect_uri": installation.callback}
    query = urlencode(parameters | {"scope": LONG_SCOPE, "state": "s" * 5000})
    page.goto(installation.url("PORTAL", f"/oauth2/authorize?{query}"))
    assert sideways(page) <= 0, "sign-in"
    walk.sign_in(page, "bob")
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_visible()
    assert sideways(page) <= 0, "consent"
    page.get_by_role("button", name="Approve", exact=True).click()
    page.wait_for_url("**/playground2/**")
    page.goto(installation.url("PORTAL", "/oauth2/"))
    assert sideways(page) <= 0, "applications with access"


@pytest.fixture(scope="module")
def long_ones(installation: Installation) -> None:
    """A person, who runs the portal, and an API of theirs that nobody else sees."""
    made = installation.manage("shell", "--no-imports", "-c", ADD_LONG_ONES)
    assert made.returncode == 0, made.stderr


@pytest.mark.usefixtures("long_ones")
@pytest.mark.parametrize("look", [LIGHT, Look("light", 800, 800), NARROW], ids=lambda look: str(look.width))
def test_long_names_of_people_and_apis_push_no_page_sideways(
    open_page: OpenPage, installation: Installation, look: Look
) -> None:
    page = open_page(look)
    walk.sign_in_to_store(page, installation, LONG_PERSON)

    page.get_by_text("Your account").locator("..").click()
    for name in ("Your details", "Security", "Publish APIs"):
        expect(page.get_by_role("link", name=name)).to_be_in_viewport(ratio=1)
    page.goto(installation.url("PORTAL", "/accounts/security/"))
    assert sideways(page) <= 0, "security"
    page.goto(installation.url("PORTAL", "/store/publisher/"))
    assert sideways(page) <= 0, "Publish APIs"
    page.get_by_role("link", name=LONG_API, exact=True).click()
    assert sideways(page) <= 0, "the provider's page of an API"
    page.goto(page.url.replace("/publisher/", "/apis/"))
    assert sideways(page) <= 0, "the store's page of an API"
    words = page.get_by_role("definition").filter(has_text="What it is good for.").bounding_box()
    assert words
    assert words["width"] > 150


def test_a_link_within_text_is_told_by_more_than_its_colour(open_page: OpenPage, installation: Installation) -> None:
    page = open_page()
    page.goto(installation.url("PORTAL", "/accounts/signup/"))

    link = page.get_by_role("main").get_by_role("link", name="Sign In")

    assert "underline" in link.evaluate("link => getComputedStyle(link).textDecorationLine")


def test_who_signs_in_in_two_tabs_goes_on_in_both(
    open_page: OpenPage, installation: Installation, consumer_key: str
) -> None:
    first = open_page()
    parameters = {"response_type": "code", "client_id": consumer_key, "redirect_uri": installation.callback}
    request = installation.url("PORTAL", f"/oauth2/authorize?{urlencode(parameters)}")
    first.goto(request)
    second = first.context.new_page()
    second.goto(request)
    walk.sign_in(first, "charlie")
    expect(first.get_by_role("button", name="Approve", exact=True)).to_be_visible()

    walk.sign_in(second, "charlie")
    second.get_by_role("link", name="Open it again").click()

    expect(second.get_by_role("button", name="Approve", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("label", "typed"), [("Access token validity period", "0"), ("Further addresses", "no address"), ("Code", "")]
)
def test_what_was_typed_wrong_is_in_sight_and_has_the_focus(
    open_page: OpenPage, installation: Installation, consumer_key: str, label: str, typed: str
) -> None:
    page = open_page(NARROW)
    walk.sign_in_to_store(page, installation, "alice")
    page.goto(installation.url("PORTAL", "/store/applications/"))
    page.get_by_role("link", name=LONG_NAME, exact=True).click()
    walk.open_tab(page, "Production Keys")
    if typed:
        page.get_by_text("Add another callback URL").click()
        page.get_by_label(label).fill(typed)
    else:
        for box in page.get_by_role("group", name="Grant types").get_by_role("checkbox").all():
            box.uncheck()
    page.get_by_role("button", name="Update").click()

    expect(page.get_by_text("Nothing was changed.")).to_be_attached()
    expect(page.get_by_label(label, exact=True)).to_be_focused()
    expect(page.locator(".problem")).to_be_in_viewport()
