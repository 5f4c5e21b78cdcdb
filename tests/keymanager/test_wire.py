"""docs/grants shows what goes over the wire, and `make docs` (APIM_DOCS=write) makes its blocks anew."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from urllib.parse import quote_plus

import pytest
from django.test import Client as Browser

from keymanager import errors, grants
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


PARTS = ("**Switched on**", "## What is checked", "\nSections: ", "WSO2 2.6")


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_its_parts(page: str) -> None:
    text = (wire.FOLDER / f"{page}.md").read_text()

    assert [part for part in PARTS if part not in text] == []


def test_every_error_a_page_names_is_one_of_ours() -> None:
    text = "".join(path.read_text() for path in wire.FOLDER.glob("*.md"))
    named = set(re.findall(r"`((?:invalid|unauthorized|unsupported|login|consent|expired|slow|use)_\w+)`", text))

    assert named <= {kind.error for kind in kinds(errors.OAuthError) if hasattr(kind, "error")}


def kinds(of: type[errors.OAuthError]) -> set[type[errors.OAuthError]]:
    return {of}.union(*map(kinds, of.__subclasses__()))
