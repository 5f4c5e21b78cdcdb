"""A form that is sent after its session has ended: nothing is changed, and nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.journeys import walk
from tests.journeys.conftest import Installation

OpenPage = Callable[..., Page]
CALLBACK = "https://typed.example/callback"
HERE_AGAIN = "What you typed is here again."


def end_session(page: Page) -> None:
    """As when it has run out: the browser's cookies are gone."""
    page.context.clear_cookies()


def come_back(page: Page, name: str) -> None:
    expect(page.get_by_role("heading", name="This page has expired")).to_be_visible()
    expect(page.get_by_text("What you typed is there again")).to_be_visible()
    page.get_by_role("link", name="Open it again").click()
    walk.sign_in(page, name)


def kept(page: Page) -> str | None:
    found: str | None = page.evaluate("sessionStorage.getItem('typed')")
    return found


def type_in_vain(page: Page, installation: Installation, name: str) -> None:
    """A new application of alice's, whose session has ended by the time she adds it."""
    walk.sign_in_to_store(page, installation, "alice")
    page.goto(installation.url("PORTAL", "/store/applications/add/"))
    page.get_by_label("Name", exact=True).fill(name)
    end_session(page)
    page.get_by_role("button", name="Add", exact=True).click()


def test_what_was_typed_is_there_again_after_signing_in(open_page: OpenPage, installation: Installation) -> None:
    page = open_page()
    walk.sign_in_to_store(page, installation, "alice")
    page.goto(installation.url("PORTAL", "/store/applications/add/"))
    page.get_by_label("Name", exact=True).fill("Typed Twice")
    page.get_by_label("Description").fill("Long thought about")
    page.get_by_label("Token Type").select_option("OAUTH")
    end_session(page)
    page.get_by_role("button", name="Add", exact=True).click()
    come_back(page, "alice")

    expect(page.get_by_text(HERE_AGAIN)).to_be_visible()
    expect(page.get_by_label("Description")).to_have_value("Long thought about")
    expect(page.get_by_label("Token Type")).to_have_value("OAUTH")
    assert kept(page) is None
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Typed Twice")
    assert kept(page) is None

    walk.open_tab(page, "Production Keys")
    page.get_by_label("Callback URL", exact=True).fill(CALLBACK)
    page.get_by_label("Code", exact=True).uncheck()
    page.get_by_label("Implicit", exact=True).check()
    end_session(page)
    page.get_by_role("button", name="Generate Keys").click()
    come_back(page, "alice")

    expect(page.get_by_label("Callback URL", exact=True)).to_have_value(CALLBACK)
    expect(page.get_by_label("Code", exact=True)).not_to_be_checked()
    expect(page.get_by_label("Implicit", exact=True)).to_be_checked()


def test_it_is_not_there_for_somebody_else(open_page: OpenPage, installation: Installation) -> None:
    page = open_page()
    type_in_vain(page, installation, "Secret Plan")
    come_back(page, "charlie")

    expect(page.get_by_label("Name", exact=True)).to_have_value("")
    expect(page.get_by_text(HERE_AGAIN)).not_to_be_attached()
    assert kept(page) is None


def test_it_is_gone_with_the_next_page_of_the_store(open_page: OpenPage, installation: Installation) -> None:
    page = open_page()
    type_in_vain(page, installation, "Given Up")
    expect(page.get_by_role("heading", name="This page has expired")).to_be_visible()
    assert "Given Up" in (kept(page) or "")

    page.goto(installation.url("PORTAL", "/store/"))
    expect(page.get_by_role("heading", name="APIs")).to_be_visible()
    assert kept(page) is None
