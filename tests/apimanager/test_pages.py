from __future__ import annotations

import socket
import threading
import time

import pytest
from django.db import OperationalError, connection, connections
from django.test import Client as Browser
from pytest_django.fixtures import Settings

from accounts.models import User
from apimanager import middleware
from tests.keymanager.conftest import Registered, post_token


def test_health_answers_without_a_database() -> None:
    assert Browser().get("/health").content == b"ok"


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/store/", "/oauth2/account/login/", "/nowhere"])
def test_every_page_carries_the_security_headers(path: str) -> None:
    response = Browser().get(path, follow=True)

    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
def test_an_unknown_address_gets_a_page() -> None:
    response = Browser().get("/nowhere")

    assert response.status_code == 404
    assert b"Not found" in response.content


@pytest.mark.django_db
@pytest.mark.rfc("9110#15.5.6")
def test_an_address_that_only_a_button_asks_gets_a_page() -> None:
    opened = Browser().get("/oauth2/logout/confirmed", headers={"accept": "text/html"})
    asked = Browser().get("/oauth2/logout/confirmed", headers={"accept": "application/json"})

    assert (opened.status_code, opened["Allow"]) == (asked.status_code, asked["Allow"]) == (405, "POST")
    assert b"Not this way" in opened.content
    assert opened["Content-Length"] == str(len(opened.content))
    assert asked.content == b""
    assert "Accept" in opened["Vary"]
    assert "Accept" in asked["Vary"]


@pytest.mark.django_db
def test_an_address_for_programs_says_so_in_its_own_words() -> None:
    opened = Browser().get("/oauth2/register", headers={"accept": "text/html"})

    assert (opened.status_code, opened["Content-Type"]) == (405, "application/json")
    assert opened.json()["error"] == "invalid_request"


@pytest.mark.django_db
def test_a_form_without_its_token_gets_a_page() -> None:
    response = Browser(enforce_csrf_checks=True).post("/accounts/login/", {"login": "bob", "password": "bob"})

    assert response.status_code == 403
    assert b"This page has expired" in response.content


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("referer", "leads_to"),
    [
        ("https://testserver/oauth2/account/login/?next=/oauth2/device", "/oauth2/account/login/?next=/oauth2/device"),
        ("https://evil.example/oauth2/account/login/", "/store/"),
        ("https://testserver//evil.example/", "/store/"),
        ("https://[testserver/", "/store/"),
        ("", "/store/"),
    ],
)
def test_an_expired_form_leads_to_its_page_again(referer: str, leads_to: str) -> None:
    browser = Browser(enforce_csrf_checks=True)
    page = browser.post("/oauth2/account/login/", {"login": "bob"}, headers={"referer": referer}, secure=True)

    assert page.status_code == 403
    assert f'href="{leads_to}">Open it again</a>' in page.content.decode()


@pytest.mark.parametrize(("accept", "form"), [("text/html", b"database is busy"), ("*/*", b"temporarily_unavailable")])
@pytest.mark.django_db
def test_a_busy_database_is_said_in_one_sentence(rf: object, accept: str, form: bytes) -> None:
    busy = middleware.DatabaseBusyMiddleware(lambda request: None)  # type: ignore[arg-type]
    request = rf.get("/store/", headers={"accept": accept})  # type: ignore[attr-defined]

    response = busy.process_exception(request, OperationalError("database is locked"))

    assert response is not None
    assert response.status_code == 503
    assert response["Retry-After"]
    assert form in response.content


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_locked_database_refuses_an_exchange_and_loses_nothing(printer: Registered) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite locks as a whole")
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            locked.set()
            done.wait(10)
            cursor.execute("ROLLBACK")
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(10)
    connection.cursor().execute("PRAGMA busy_timeout = 100")

    refused = post_token(printer, grant_type="client_credentials")
    connection.cursor().execute("PRAGMA busy_timeout = 10000")
    done.set()
    holder.join(10)

    assert refused.status_code == 503
    assert refused.json()["error"] == "temporarily_unavailable"
    assert post_token(printer, grant_type="client_credentials").status_code == 200


def test_without_its_counters_nobody_is_let_guess(settings: Settings, bob: User) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    }

    answer = Browser().post("/oauth2/account/login/", {"login": "bob", "password": "bob"})

    assert (answer.status_code, answer["Retry-After"]) == (503, "10")


def test_counters_that_say_nothing_are_not_waited_for(settings: Settings, bob: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.CACHES = {"default": settings.IN_REDIS | {"LOCATION": f"redis://127.0.0.1:{silent.getsockname()[1]}"}}
        began = time.monotonic()

        answer = Browser().post("/oauth2/account/login/", {"login": "bob", "password": "bob"})

        assert answer.status_code == 503
        assert time.monotonic() - began < 3
