"""Endpoints that programs call are spared the middleware for people, and lose nothing by it."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client as Browser, RequestFactory

from apimanager.machine_endpoints import MachineEndpoints

pytestmark = pytest.mark.django_db
ENDPOINTS = ["/oauth2/token", "/oauth2/introspect", "/oauth2/revoke", "/oauth2/userinfo", "/oauth2/par"]
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


@pytest.mark.parametrize("path", ["/oauth2/token", "/store/"])
def test_another_host_s_name_is_a_line_in_the_log(path: str, caplog: pytest.LogCaptureFixture) -> None:
    Browser().post(path, headers={"Host": "stranger.example"})

    [told] = [record for record in caplog.records if record.name == "django.security.DisallowedHost"]
    assert "stranger.example" in told.getMessage()
    assert told.exc_info is None


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


def served(path: str, **environ: str) -> tuple[str, dict[str, str], bytes] | None:
    """What the server is given; None: the application behind was asked."""
    told: list[Any] = []
    request = RequestFactory().post(path)
    application: Any = MachineEndpoints(lambda environ, start_response: [])
    body = list(application(request.environ | environ, lambda status, headers: told.extend([status, dict(headers)])))
    return (told[0], told[1], b"".join(body)) if told else None


@pytest.mark.parametrize("path", ENDPOINTS)
def test_the_server_gives_what_the_test_client_gets(path: str) -> None:
    answer, given = Browser().post(path), served(path)

    assert given is not None
    assert given[0] == f"{answer.status_code} {answer.reason_phrase}"
    assert given[1] == dict(answer.items())
    assert given[2] == answer.content


@pytest.mark.parametrize("path", ["/", "/oauth2/authorize", "/oauth2/tokens", "/oauth2/token/"])
def test_all_else_is_for_the_application_behind(path: str) -> None:
    assert served(path) is None


def test_below_another_path_django_finds_its_way() -> None:
    assert served("/oauth2/token", SCRIPT_NAME="/below") is None


def test_what_nobody_expected_is_a_page_that_says_so_and_no_more() -> None:
    with mock.patch("keymanager.client_cache.find", side_effect=LookupError("inner workings")):
        given = served("/oauth2/token", HTTP_AUTHORIZATION="Basic eDp5")

    assert given is not None
    assert given[0].startswith("500 ")
    assert b"inner workings" not in given[2]
    assert {name.lower() for name in STANDING} <= {name.lower() for name in given[1]}


def test_connections_are_looked_at_before_each_answer() -> None:
    with mock.patch.object(BaseDatabaseWrapper, "close_if_unusable_or_obsolete") as look:
        served("/oauth2/token")

    assert look.called
