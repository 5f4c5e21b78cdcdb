"""docs/grants shows what goes over the wire, and `make docs` (APIM_DOCS=write) makes its blocks anew."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import quote_plus

import pytest
from django.test import Client as Browser

from keymanager import grants
from tests.keymanager import wire
from tests.keymanager.conftest import Registered
from tests.keymanager.exchanges import PAGES, Stage


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_its_exchanges_as_they_are(
    page: str, bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    stage = Stage(bobs_browser, register)

    PAGES[page](stage)

    if os.environ.get("APIM_DOCS") == "write":
        wire.write(page, stage.tape.shown())
    assert wire.blocks_of(page) == stage.tape.shown(), "make docs"


def test_every_block_of_every_page_is_played() -> None:
    told = {path.stem for path in wire.FOLDER.glob("*.md") if "<!-- wire:" in path.read_text()}

    assert told == set(PAGES)


@pytest.mark.parametrize("name", [*grants.EXCHANGES, *grants.RESPONSES])
def test_every_grant_is_on_a_page(name: str) -> None:
    text = "".join(path.read_text() for path in wire.FOLDER.glob("*.md"))

    assert f"_type={quote_plus(name)}\n" in text or f"`{name}`" in text
