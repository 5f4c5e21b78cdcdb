"""The documents are held true."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import resolve

from tests import sections

ROOT = Path(__file__).resolve().parents[1]
FLOW = (ROOT / "docs/flow.md").read_text()
GATEWAY = (ROOT / "docs/gateway.md").read_text()
FUNCTION = re.compile(r"`((?:keymanager|store|gateway|accounts)(?:\.\w+)+)`")
ROUTE = re.compile(r"`(/[\w./-]+)` (?:->|\|) `([\w.]+)`")


def found(dotted: str) -> object:
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("dotted", sorted(set(FUNCTION.findall(FLOW + GATEWAY))))
def test_every_function_of_the_flow_exists(dotted: str) -> None:
    assert found(dotted)


@pytest.mark.parametrize(("address", "dotted"), ROUTE.findall(FLOW))
def test_every_address_of_the_flow_leads_where_it_says(address: str, dotted: str) -> None:
    assert resolve(address).func is found(dotted)


def test_every_view_of_the_key_manager_is_in_the_flow() -> None:
    from keymanager.urls import urlpatterns

    told = {dotted for _, dotted in ROUTE.findall(FLOW)}
    pages = {"sign-in", "sign-up"}

    assert {f"{p.callback.__module__}.{p.callback.__name__}" for p in urlpatterns if p.name not in pages} == told


SETTINGS = "".join(path.read_text() for path in (ROOT / "apimanager").glob("*.py"))


def test_every_variable_is_explained() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"(APIM_\w+)"', SETTINGS))
    explained = set(re.findall(r"^\| `(APIM_\w+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))

    assert read == explained


def test_every_command_exists() -> None:
    documents = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    named = {name for path in documents for name in re.findall(r"manage\.py\s+([a-z_]+)", path.read_text())}

    assert len(named) > 10
    assert named <= {*get_commands()}


def test_every_test_that_the_coverage_names_exists() -> None:
    text = (ROOT / "docs/coverage.md").read_text()
    written = {
        f"{path.name}::{name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }

    assert set(re.findall(r"`(test_\w+\.py::test_\w+)`", text)) <= written
    assert all((ROOT / path).exists() for path in re.findall(r"`(tests/[\w/.]+)`", text))


def test_the_table_of_sections_is_that_of_the_marks() -> None:
    assert sections.DOCUMENT.read_text() == sections.table(), "make docs"


def test_marks_of_modules_and_of_single_parameters_count() -> None:
    source = """
pytestmark = [pytest.mark.django_db, pytest.mark.rfc("1#1")]
@pytest.mark.parametrize("a", [1, pytest.param(2, marks=pytest.mark.rfc("1#3"))])
@pytest.mark.rfc("1#2", "1#4")
def test_one(a): ...
def test_two(): ...
"""

    assert dict(sections.marked_tests(source)) == {"test_one": {"1#1", "1#2", "1#3", "1#4"}, "test_two": {"1#1"}}


DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_the_documents_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text())

    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


def test_every_document_is_in_the_index() -> None:
    entries = {path.name + "/" * path.is_dir() for path in (ROOT / "docs").iterdir()} - {"README.md"}
    linked = re.findall(r"\]\(([\w.-]+/?)", (ROOT / "docs/README.md").read_text())

    assert entries == set(linked)
