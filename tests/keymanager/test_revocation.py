"""RFC 7009 with the original's answer (wso2-2.6.md section 6); what dies by it is in test_access_token.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from keymanager import tokens
from tests.keymanager.conftest import Registered, code_for, exchange, post_token

pytestmark = pytest.mark.django_db
Register = Callable[..., Registered]

NAMES = ("RevokedAccessToken", "RevokedRefreshToken", "AuthorizedUser")
FORMATS = pytest.mark.parametrize("token_format", ["JWT", "OPAQUE"])


def revoke(registered: Registered, token: str, **changes: str) -> Any:
    body = {"token": token, "client_id": registered.id, "client_secret": str(registered.secret)} | changes
    return Browser().post("/oauth2/revoke", body)


def named(answer: Any) -> dict[str, str]:
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer["Content-Type"].startswith("text/html")
    return {name: answer[name] for name in NAMES if name in answer}


@FORMATS
@pytest.mark.rfc("7009#2.2")
def test_a_revoked_access_token_is_named_with_its_person(
    bobs_browser: Browser, register: Register, token_format: str
) -> None:
    registered = register(access_token_format=token_format)
    token = exchange(registered, code_for(bobs_browser, registered)).json()["access_token"]

    assert named(revoke(registered, token)) == {"RevokedAccessToken": token, "AuthorizedUser": "bob"}


def test_a_revoked_refresh_token_is_named_with_its_person(bobs_browser: Browser, printer: Registered) -> None:
    token = exchange(printer, code_for(bobs_browser, printer)).json()["refresh_token"]

    assert named(revoke(printer, token)) == {"RevokedRefreshToken": token, "AuthorizedUser": "bob"}


@FORMATS
def test_an_application_s_token_is_named_without_a_person(register: Register, token_format: str) -> None:
    registered = register(access_token_format=token_format)
    token = post_token(registered, grant_type="client_credentials").json()["access_token"]

    assert named(revoke(registered, token)) == {"RevokedAccessToken": token}


@FORMATS
def test_a_second_time_nothing_is_named(bobs_browser: Browser, register: Register, token_format: str) -> None:
    registered = register(access_token_format=token_format)
    pair = exchange(registered, code_for(bobs_browser, registered)).json()
    revoke(registered, pair["access_token"])

    assert named(revoke(registered, pair["access_token"])) == {}
    assert named(revoke(registered, pair["refresh_token"])) == {}


@pytest.mark.rfc("7009#2.1")
@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_another_client_s_token_is_refused_and_lives_on(
    bobs_browser: Browser, printer: Registered, register: Register, name: str
) -> None:
    pair = exchange(printer, code_for(bobs_browser, printer)).json()

    refused = revoke(register(), pair[name])

    assert (refused.status_code, refused.json()["error"]) == (400, "unauthorized_client")
    assert not {"RevokedAccessToken", "RevokedRefreshToken", "AuthorizedUser"} & set(refused.headers)
    assert tokens.find(pair["access_token"]) is not None


def test_of_an_unknown_token_nothing_is_named(printer: Registered) -> None:
    assert named(revoke(printer, "nonsense")) == {}


def test_a_token_with_line_ends_never_gets_into_a_header(printer: Registered) -> None:
    token = post_token(printer, grant_type="client_credentials").json()["access_token"]

    assert named(revoke(printer, token + "\r\n\r\n")) == {}


@pytest.mark.rfc("7009#2.2.1")
def test_no_token_is_an_invalid_revocation_request(printer: Registered) -> None:
    answer = revoke(printer, "")

    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request", "error_description": "Invalid revocation request"}


def test_a_wrong_secret_is_refused_and_revokes_nothing(printer: Registered) -> None:
    token = post_token(printer, grant_type="client_credentials").json()["access_token"]

    answer = revoke(printer, token, client_secret="wrong")

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert tokens.find(token) is not None
