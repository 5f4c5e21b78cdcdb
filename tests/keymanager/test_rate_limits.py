"""How often a client may fail to prove itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from pytest_django import Settings

from tests.keymanager.conftest import Registered, basic

ELSEWHERE = "192.0.2.7"


@pytest.fixture(autouse=True)
def _three_a_minute(settings: Settings) -> Iterator[None]:
    cache.clear()
    settings.TOKEN_FAILURE_LIMIT = 3
    with mock.patch("keymanager.rate_limits.time.time", return_value=1_000_020.5):
        yield
    cache.clear()


def ask(client: Registered, *, right: bool = False, address: str = "127.0.0.1", path: str = "token") -> Any:
    headers: Any = basic(client, None if right else "wrong")
    return Browser(REMOTE_ADDR=address).post(f"/oauth2/{path}", {"grant_type": "client_credentials"}, headers=headers)


@pytest.mark.rfc("6585#4")
def test_too_many_wrong_secrets_get_429_and_when_to_come_back(printer: Registered) -> None:
    statuses = [ask(printer).status_code for _ in range(3)]
    refused = ask(printer)

    assert statuses == [401, 401, 401]
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert refused.json()["error"] == "temporarily_unavailable"
    assert refused["Cache-Control"] == "no-store"


def test_the_right_secret_is_never_refused(printer: Registered) -> None:
    for _ in range(5):
        ask(printer)

    assert ask(printer, right=True).status_code == 200


def test_a_stranger_who_names_a_client_counts_against_himself_only(printer: Registered) -> None:
    for _ in range(5):
        ask(printer, address=ELSEWHERE)

    assert ask(printer).status_code == 401
    assert ask(printer, right=True).status_code == 200


def test_made_up_names_are_counted_by_their_address(printer: Registered) -> None:
    statuses = [
        Browser().post("/oauth2/token", {"client_id": f"made-up-{n}", "client_secret": "x"}).status_code
        for n in range(16)
    ]

    assert statuses == [401] * 15 + [429]


def test_the_other_endpoints_of_clients_share_the_count(printer: Registered) -> None:
    for path in ("token", "introspect", "revoke"):
        ask(printer, path=path)

    assert ask(printer, path="introspect").status_code == 429


def test_a_header_that_cannot_be_read_is_counted_too(db: None) -> None:
    headers: Any = {"Authorization": "Basic \udcff"}

    statuses = [Browser().post("/oauth2/token", {}, headers=headers).status_code for _ in range(4)]

    assert statuses == [401, 401, 401, 429]


def test_a_new_minute_begins_anew(printer: Registered) -> None:
    for _ in range(5):
        ask(printer)

    with mock.patch("keymanager.rate_limits.time.time", return_value=1_000_081.0):
        assert ask(printer).status_code == 401


def test_a_request_that_is_right_does_not_look_at_the_counters(printer: Registered) -> None:
    with mock.patch("keymanager.rate_limits.cache", None):
        assert ask(printer, right=True).status_code == 200


def test_nothing_is_limited_when_told_so(printer: Registered, settings: Settings) -> None:
    settings.TOKEN_FAILURE_LIMIT = 0

    assert {ask(printer).status_code for _ in range(20)} == {401}
