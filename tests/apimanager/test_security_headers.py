"""Every address of the portal, found by itself, has the security headers, for strangers and administrators."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import OperationalError
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import User
from tests.conftest import person
from tests.keymanager.conftest import Registered, sign_in

pytestmark = pytest.mark.django_db
PARAMETER = re.compile(r"<(?:(\w+):)?\w+>")
SAMPLES = {"int": "1", "uuid": str(UUID(int=1)), "key_type": "production-keys", "path": "oauth2/token"}
# Session Management 1.0 3.2 is made to be framed.
FRAMED = "/oauth2/check_session"


def addresses(patterns: list[Any], before: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = before + PARAMETER.sub(lambda found: SAMPLES.get(found[1] or "", "x"), sample(str(pattern.pattern)))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def sample(route: str) -> str:
    """An address that a regular expression of allauth's or of the administration's matches, or nearly does."""
    return (
        re.sub(r"\(\?P<\w+>.*?\)(?=[/-]|\$|$)", "x", route).strip("^$").replace("\\Z", "") if "(?P" in route else route
    )


def every_address() -> list[str]:
    doors = ("apimanager.urls", "apimanager.urls_keymanager")
    found = {address for door in doors for address in addresses(get_resolver(door).url_patterns)}
    return sorted(found)


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


def check(answer: Any, address: str) -> None:
    policy = directives(answer["Content-Security-Policy"])
    assert "unsafe" not in answer["Content-Security-Policy"], address
    assert (policy["default-src"], policy["object-src"], policy["base-uri"]) == ("'self'", "'none'", "'none'"), address
    assert policy["frame-ancestors"] == ("*" if address == FRAMED and answer.status_code == 200 else "'none'"), address
    assert answer.get("X-Frame-Options", "DENY") == "DENY", address
    assert ("X-Frame-Options" in answer) == (policy["frame-ancestors"] == "'none'"), address
    assert answer["X-Content-Type-Options"] == "nosniff", address
    assert answer["Referrer-Policy"] == "same-origin", address
    for name, morsel in answer.cookies.items():
        check_cookie(name, morsel)
    if "text/html" in answer.get("Content-Type", "") and not answer.streaming:
        check_inline(answer.content.decode(), address)


def check_cookie(name: str, morsel: Any) -> None:
    """RFC 6265bis 4.1.3.2: `__Host-` means Secure, the whole path, and no domain."""
    assert name.startswith("__Host-")
    assert (morsel["secure"], morsel["path"], morsel["domain"]) == (True, "/", ""), name
    # One is there to be read by the script of the frame (Session Management 1.0 3.2), in the frame of another site.
    is_browser_state = name == "__Host-opbs"
    assert is_browser_state or (morsel["httponly"], morsel["samesite"]) == (True, "Lax"), name


def check_inline(page: str, address: str) -> None:
    """What the policy would forbid is not there."""
    assert not re.search(r"<script(?![^>]*\ssrc=)(?![^>]*type=\"application/json\")", page), address
    assert not re.search(r"<style|<[^>]+\sstyle=|<[^>]+\son\w+=|href=\"javascript:", page), address


def test_there_are_addresses_of_every_part() -> None:
    found = every_address()

    assert len(found) > 150
    assert {
        "/oauth2/token",
        "/store/",
        "/admin/login/",
        "/accounts/login/",
        "/oauth2/account/two-step/",
        "/health",
    } <= {*found}


def test_a_stranger_gets_the_headers_everywhere() -> None:
    for address in every_address():
        check(Browser().get(address), address)
        check(Browser().post(address), address)


@pytest.mark.filterwarnings("ignore:The default scheme")  # Django 6.0's, of the administration's forms
def test_an_administrator_gets_the_headers_everywhere(printer: Registered) -> None:
    person("dora", is_staff=True, is_superuser=True)
    browser = sign_in(Browser(), "dora")
    browser.force_login(User.objects.get(username="dora"))

    for address in every_address():
        if "logout" not in address:
            check(browser.get(address), address)


@pytest.mark.parametrize("raised", [BadRequest, PermissionDenied, OperationalError, RuntimeError, KeyError])
def test_pages_of_errors_have_the_headers(raised: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser(raise_request_exception=False)
    with monkeypatch.context() as patched:
        patched.setattr("store.views.apis.render", fail_with(raised))
        answer = browser.get("/store/", headers={"Accept": "text/html"})

    assert answer.status_code in {400, 403, 500, 503}
    check(answer, "/store/")


def fail_with(raised: type[Exception]) -> Callable[..., None]:
    def fail(*args: object, **kwargs: object) -> None:
        raise raised("on purpose")

    return fail


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/nowhere", 404),
        ("DELETE", "/oauth2/token", 405),
        ("POST", "/oauth2/token", 413),
        ("POST", "/accounts/login/", 413),
    ],
)
def test_refusals_have_the_headers(method: str, address: str, status: int) -> None:
    body = "a" * 3_000_000 if status == 413 else ""
    answer = Browser().generic(method, address, body, "application/x-www-form-urlencoded")

    assert answer.status_code == status
    check(answer, address)


def test_without_its_token_a_form_is_refused_with_the_headers() -> None:
    answer = Browser(enforce_csrf_checks=True).post("/store/applications/add/")

    assert answer.status_code == 403
    check(answer, "/store/applications/add/")


def test_a_host_that_is_not_ours_is_refused_with_the_headers() -> None:
    answer = Browser().get("/store/", headers={"Host": "stranger.example"})

    assert answer.status_code == 400
    check(answer, "/store/")
