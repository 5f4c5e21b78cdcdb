"""Endpoints that programs call are spared the middleware for people, and lose nothing by it."""

from __future__ import annotations

from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client as Browser

pytestmark = pytest.mark.django_db
ENDPOINTS = ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/userinfo"]
STANDING = [
    "Content-Security-Policy",
    "Cross-Origin-Opener-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
]


@pytest.mark.parametrize("path", ENDPOINTS)
def test_the_standing_headers_are_those_of_a_page(path: str) -> None:
    page, answer = Browser().get("/health", secure=True), Browser().post(path, secure=True)

    assert {name: answer[name] for name in STANDING} == {name: page[name] for name in STANDING}
    assert answer["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_host_that_is_not_ours_is_refused(path: str) -> None:
    assert Browser().post(path, headers={"Host": "stranger.example"}).status_code == 400


@pytest.mark.parametrize("path", ENDPOINTS)
def test_no_session_is_begun(path: str) -> None:
    assert not Browser().post(path).cookies


def test_without_tls_it_is_sent_to_tls_where_that_is_asked_for(settings: object) -> None:
    settings.SECURE_SSL_REDIRECT = True  # type: ignore[attr-defined]

    assert Browser().post("/oauth2/token").status_code == 301


def test_a_busy_database_is_said_clearly() -> None:
    with mock.patch("keymanager.client_cache.find", side_effect=OperationalError("database is locked")):
        answer = Browser().post("/oauth2/token", {"client_id": "x", "client_secret": "y"})

    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"
    assert answer["Retry-After"]
