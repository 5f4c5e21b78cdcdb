"""Whatever a stranger sends: no fault of ours, no trace of the code, nobody sent elsewhere, nothing said of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client as Browser
from hypothesis import given, strategies as st

from tests.keymanager import hostile
from tests.keymanager.conftest import CALLBACK, Registered, basic

pytestmark = pytest.mark.django_db
PROGRAMS = [
    "/oauth2/token",
    "/oauth2/par",
    "/oauth2/revoke",
    "/oauth2/introspect",
    "/oauth2/userinfo",
    "/oauth2/device_authorization",
    "/oauth2/register",
    "/oauth2/register/some-client",
    "/client-registration/v0.14/register",
]
OTHERS = [
    "/oauth2/",
    "/oauth2/account/login/",
    "/oauth2/account/select/",
    "/oauth2/approvals/1/withdraw",
    "/oauth2/authorize",
    "/oauth2/consent/some-key",
    "/oauth2/device",
    "/oauth2/device/qr",
    "/oauth2/jwks",
    "/oauth2/logout",
    "/oauth2/logout/confirmed",
    "/oauth2/openapi.json",
    "/oidc/logout",
    "/.well-known/openid-configuration",
    "/.well-known/webfinger",
]
LARGE = "a" * 3_000_000
ELSEWHERE = "https://charlies.example/kept-to-himself"


@pytest.fixture
def charlies(register: Callable[..., Registered]) -> Registered:
    """A client that no request here is about."""
    return register(name="Charlie's", redirect_uris=[ELSEWHERE])


@pytest.mark.parametrize("path", PROGRAMS)
def test_a_program_that_sends_anything_gets_an_oauth_answer(path: str, charlies: Registered) -> None:
    @hostile.examples(14)
    @given(hostile.requests)
    def holds(sent: hostile.Sent) -> None:
        answer = hostile.send(Browser(), path, sent)

        hostile.check(answer, charlies, ELSEWHERE)
        assert "no-store" in answer.get("Cache-Control", "")
        assert answer.status_code in {204, 405} or answer["Content-Type"] == "application/json"

    holds()


@pytest.mark.parametrize("path", OTHERS)
def test_a_browser_that_sends_anything_gets_a_page(path: str, charlies: Registered) -> None:
    @hostile.examples(10)
    @given(hostile.requests)
    def holds(sent: hostile.Sent) -> None:
        hostile.check(hostile.send(Browser(), path, sent), charlies, ELSEWHERE)

    holds()


@pytest.mark.rfc("9700#4.11")
def test_nobody_is_sent_to_an_address_that_is_not_registered(
    bobs_browser: Browser, printer: Registered, charlies: Registered
) -> None:
    good = {
        "response_type": "code",
        "client_id": printer.id,
        "redirect_uri": CALLBACK,
        "scope": "photos:read",
        "state": "x",
    }

    @hostile.examples(40)
    @given(hostile.changes, st.sampled_from(("GET", "POST")))
    def holds(wrong: list[tuple[bytes, bytes | None]], method: str) -> None:
        sent = hostile.changed(good, wrong)
        query, body = (sent.decode(), b"") if method == "GET" else ("", sent)
        request = hostile.Sent(method, query, hostile.FORM, body)
        hostile.check(hostile.send(bobs_browser, "/oauth2/authorize", request), charlies, ELSEWHERE)

    holds()


@pytest.mark.rfc("6749#4.1.2.1")
def test_no_error_names_what_is_registered(printer: Registered) -> None:
    @hostile.examples(25)
    @given(hostile.changes, st.sampled_from(("authorize", "par", "token", "logout", "introspect")))
    def holds(wrong: list[tuple[bytes, bytes | None]], endpoint: str) -> None:
        sent = hostile.changed({"client_id": printer.id, "redirect_uri": "https://stranger.example/"}, wrong)
        answer = Browser().generic("POST", f"/oauth2/{endpoint}", sent, hostile.FORM)

        assert b"printer.example/callback" not in answer.content
        assert "printer.example/callback" not in answer.get("Location", "")

    holds()


TOKEN_REQUESTS: dict[str, dict[str, str]] = {
    "client_credentials": {"scope": "photos:read"},
    "password": {"username": "bob", "password": "bob"},
    "authorization_code": {"code": "x", "redirect_uri": CALLBACK},
    "refresh_token": {"refresh_token": "x"},
    f"{hostile.GRANT}device_code": {"device_code": "x"},
    f"{hostile.GRANT}jwt-bearer": {"assertion": "x"},
    f"{hostile.GRANT}token-exchange": {
        "subject_token": "x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
    },
}


@pytest.mark.parametrize("grant_type", TOKEN_REQUESTS)
def test_a_known_client_that_sends_anything_gets_an_oauth_answer(
    grant_type: str, bobs_browser: Browser, register: Callable[..., Registered], charlies: Registered
) -> None:
    client = register(grant_types=list(TOKEN_REQUESTS))

    @hostile.examples(14)
    @given(hostile.changes)
    def holds(wrong: list[tuple[bytes, bytes | None]]) -> None:
        sent = hostile.changed({"grant_type": grant_type} | TOKEN_REQUESTS[grant_type], wrong)
        answer = Browser().generic("POST", "/oauth2/token", sent, hostile.FORM, headers=basic(client))

        hostile.check(answer, charlies, ELSEWHERE)
        assert answer.status_code in {200, 400}

    holds()


@pytest.mark.parametrize("path", PROGRAMS[:6])
@pytest.mark.parametrize("body", [f"token={LARGE}", "&".join(f"a{number}=" for number in range(2000))])
def test_too_large_a_body_is_refused_as_such(path: str, body: str) -> None:
    answer = Browser().generic("POST", path, body, hostile.FORM)

    assert answer.status_code == 413
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize("path", ["/oauth2/register", "/client-registration/v0.14/register"])
def test_too_large_a_registration_is_refused_as_such(path: str) -> None:
    assert Browser().generic("POST", path, f'"{LARGE}"', "application/json").status_code == 413


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary="])
def test_a_body_that_cannot_be_read_is_an_invalid_request(content_type: str) -> None:
    answer = Browser().generic("POST", "/oauth2/token", b"grant_type=password", content_type)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


def test_a_page_with_too_much_sent_to_it_says_so() -> None:
    answer = Browser().get("/oauth2/authorize?" + "&".join(f"a{number}=" for number in range(2000)))

    assert answer.status_code == 413
    assert b"This is too much" in answer.content


@pytest.mark.parametrize("length", ["²", "٣", "-1", "1e3"])
def test_a_length_that_is_no_number_is_refused(length: str) -> None:
    assert Browser().post("/oauth2/par", {"client_id": "x"}, CONTENT_LENGTH=length).status_code == 413


@pytest.mark.parametrize("to", ["https://[", "/oauth2/authorize?client_id={}&redirect_uri=https://[", "//[x"])
def test_a_broken_address_to_go_on_to_is_no_fault_of_the_sign_in_page(to: str, printer: Registered) -> None:
    query = urlencode({"next": to.format(printer.id)})

    assert Browser().get(f"/oauth2/account/login/?{query}").status_code == 200
    assert Browser().get(f"/oauth2/account/signup/?{query}").status_code == 200


@pytest.mark.rfc("6749#5.2")
@pytest.mark.parametrize(
    "members",
    [
        {"redirect_uris": ["https://a.example/ https://b.example/"]},
        {"redirect_uris": [CALLBACK], "grant_types": ['é"\\']},
    ],
)
def test_a_description_has_only_the_characters_that_it_may(members: dict[str, Any], settings: Any) -> None:
    settings.REGISTRATION = "open"

    answer = Browser().post("/oauth2/register", members, content_type="application/json")

    assert answer.status_code == 400
    assert hostile.SAYABLE.fullmatch(answer.json()["error_description"]), answer.json()
