"""The documents are held true."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from django.urls import resolve

ROOT = Path(__file__).resolve().parents[1]
FLOW = (ROOT / "docs/flow.md").read_text()
FUNCTION = re.compile(r"`((?:keymanager|store|gateway|accounts)(?:\.\w+)+)`")
ROUTE = re.compile(r"`(/[\w./-]+)` (?:->|\|) `([\w.]+)`")


def found(dotted: str) -> object:
    module, _, name = dotted.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("dotted", sorted(set(FUNCTION.findall(FLOW))))
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


def test_every_test_that_the_coverage_names_exists() -> None:
    text = (ROOT / "docs/coverage.md").read_text()
    written = {
        f"{path.name}::{name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }

    assert set(re.findall(r"`(test_\w+\.py::test_\w+)`", text)) <= written
    assert all((ROOT / path).exists() for path in re.findall(r"`(tests/[\w/.]+)`", text))
