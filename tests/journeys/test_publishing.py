"""An API from its document to a blocked one, in a real browser, and at the real gateway meanwhile."""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.gateway.parts import SOON
from tests.journeys import walk
from tests.journeys.conftest import DARK, LIGHT, NARROW, Installation, Look

pytestmark = pytest.mark.browser

DOCUMENT = """\
openapi: 3.0.3
info: {title: Shelf, version: "2.0", description: Books and where they stand.}
paths:
  /books:
    get: {security: [{oauth: ["shelf:read"]}]}
    post: {security: [{oauth: ["shelf:write"]}], x-auth-type: Application User}
  /books/{id}:
    get: {x-throttling-tier: 10KPerMin}
  /health:
    get: {x-auth-type: None}
"""


def status(installation: Installation, path: str) -> int:
    context = ssl.create_default_context(cafile=str(installation.state / "tls" / "ca.pem"))
    try:
        with urllib.request.urlopen(installation.url("GATEWAY", path), context=context, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def becomes(installation: Installation, path: str, wanted: int) -> bool:
    end = time.monotonic() + SOON + 3
    while time.monotonic() < end:
        if status(installation, path) == wanted:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("look", [LIGHT, DARK, NARROW], ids=str)
def test_provider_publishes_and_blocks_an_api(
    open_page: Callable[..., Page], installation: Installation, look: Look
) -> None:
    page, context = open_page(look), f"/shelf-{look}"
    walk.sign_in_to_store(page, installation, "admin")
    page.goto(installation.url("PORTAL", "/store/publisher/add/"))
    walk.look_at(page, "publisher-import", look)
    page.get_by_label("or the document itself").fill(DOCUMENT.replace("/books/{id}", "books"))
    page.get_by_label("Name").fill(f"Shelf {look}")
    page.get_by_label("Context").fill(context)
    page.get_by_label("Production endpoint").fill(installation.url("PHOTOS", ""))
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Line 7: The path books must begin with a slash")).to_be_visible()
    walk.look_at(page, "publisher-refused", look)

    page.get_by_label("or the document itself").fill(DOCUMENT)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Shelf {look}")
    assert status(installation, f"{context}/2.0/books") == 404

    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("is in the state Published now.")).to_be_visible()
    walk.look_at(page, "publisher-api", look)
    assert becomes(installation, f"{context}/2.0/books", 401)
    assert becomes(installation, f"{context}/2.0/nothing", 403)

    page.get_by_role("link", name="Publish APIs").first.click()
    walk.look_at(page, "publisher", look)
    page.get_by_role("link", name=f"Shelf {look}", exact=True).click()
    page.get_by_role("button", name="Block").click()
    expect(page.get_by_text("is in the state Blocked now.")).to_be_visible()
    assert becomes(installation, f"{context}/2.0/books", 503)
    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Context")).to_have_value(context)
    walk.look_at(page, "publisher-edit", look)
