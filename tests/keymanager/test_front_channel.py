"""OpenID Connect Front-Channel Logout 1.0, and Session Management 1.0."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser

from accounts.models import User
from keymanager.models import ClientURI
from tests.keymanager.conftest import Registered, authorize, code_for, decide, exchange, query_of, sign_in
from tests.keymanager.test_oidc import decoded

pytestmark = pytest.mark.django_db

GOODBYE = "https://printer.example/goodbye"
COOKIE = "__Host-opbs"


@pytest.fixture
def framed(register: Callable[..., Registered]) -> Registered:
    """A client with a page for the frame, which wants to know whose session, and one to come back to."""
    metadata = {
        "frontchannel_logout_uri": "https://printer.example:8443/out?a=b",
        "frontchannel_logout_session_required": True,
    }
    registered = register(metadata=metadata)
    ClientURI.objects.create(client=registered.client, kind=ClientURI.Kind.POST_LOGOUT, uri=GOODBYE)
    return registered


def id_token_of(browser: Browser, registered: Registered) -> str:
    return str(exchange(registered, code_for(browser, registered, scope="openid")).json()["id_token"])


def directives(response: Any) -> dict[str, str]:
    pairs = (directive.strip().partition(" ") for directive in response["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in pairs}


@pytest.mark.rfc("oidc-frontchannel#3")
def test_the_clients_of_the_session_are_framed_and_then_it_goes_on(bobs_browser: Browser, framed: Registered) -> None:
    hint = id_token_of(bobs_browser, framed)
    wish = {"id_token_hint": hint, "post_logout_redirect_uri": GOODBYE, "state": "x"}

    answer = bobs_browser.get("/oauth2/logout", wish)

    page, sid = answer.content.decode(), decoded(hint)["sid"]
    frame = f"https://printer.example:8443/out?a=b&amp;iss=https%3A%2F%2Flocalhost%3A9443&amp;sid={sid}"
    assert f'<iframe src="{frame}"' in page
    assert answer["Refresh"] == f"3;url={GOODBYE}?state=x"
    assert f'href="{GOODBYE}?state=x"' in page


@pytest.mark.rfc("oidc-frontchannel#2")
def test_iss_and_sid_are_for_those_who_want_them(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    id_token_of(bobs_browser, register(metadata={"frontchannel_logout_uri": "https://printer.example/out"}))

    page = bobs_browser.post("/oauth2/account/logout/").content.decode()

    assert '<iframe src="https://printer.example/out"' in page


def test_that_page_alone_may_show_frames_and_only_those(bobs_browser: Browser, framed: Registered) -> None:
    id_token_of(bobs_browser, framed)

    answer = bobs_browser.post("/oauth2/account/logout/")

    assert directives(answer)["frame-src"] == "https://printer.example:8443"
    assert directives(answer)["default-src"] == "'self'"
    assert directives(answer)["frame-ancestors"] == "'none'"
    assert "frame-src" not in directives(bobs_browser.get("/oauth2/account/login/"))


def test_an_address_cannot_smuggle_a_directive_in(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    id_token_of(bobs_browser, register(metadata={"frontchannel_logout_uri": "https://a; script-src *; x/out"}))

    answer = bobs_browser.post("/oauth2/account/logout/")

    assert directives(answer)["frame-src"] == "'none'"
    assert "script-src" not in directives(answer)


def test_a_client_of_another_session_is_not_framed(bob: User, framed: Registered) -> None:
    id_token_of(sign_in(Browser(), "bob"), framed)
    elsewhere = sign_in(Browser(), "bob")

    assert elsewhere.post("/oauth2/account/logout/").status_code == 302


def answered(browser: Browser, registered: Registered, **changes: str | None) -> dict[str, str]:
    return query_of(decide(browser, authorize(browser, registered, scope="openid", **changes)))


@pytest.mark.rfc("oidc-session#2")
def test_the_answer_carries_a_hash_of_the_browser_s_state(bobs_browser: Browser, printer: Registered) -> None:
    value, salt = answered(bobs_browser, printer)["session_state"].split(".")

    state = bobs_browser.cookies[COOKIE].value
    digest = hashlib.sha256(f"{printer.id} https://printer.example {state} {salt}".encode()).digest()
    assert value == urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert " " not in value + salt


@pytest.mark.rfc("oidc-session#2")
def test_an_origin_keeps_its_port_unless_it_is_the_usual_one(
    bobs_browser: Browser, register: Callable[..., Registered]
) -> None:
    for callback, origin in [("https://a.example:443/cb", "https://a.example"), ("https://a.example:81/", None)]:
        registered = register(redirect_uris=[callback])
        value, salt = answered(bobs_browser, registered, redirect_uri=callback)["session_state"].split(".")
        told = f"{registered.id} {origin or 'https://a.example:81'} {bobs_browser.cookies[COOKIE].value} {salt}"
        assert value == urlsafe_b64encode(hashlib.sha256(told.encode()).digest()).rstrip(b"=").decode()


def test_without_openid_there_is_no_session_state(bobs_browser: Browser, printer: Registered) -> None:
    assert "session_state" not in query_of(decide(bobs_browser, authorize(bobs_browser, printer)))


def test_a_native_client_has_none(bobs_browser: Browser, register: Callable[..., Registered]) -> None:
    registered = register(redirect_uris=["com.example.app:/callback"])

    answer = answered(bobs_browser, registered, redirect_uri="com.example.app:/callback")

    assert "code" in answer
    assert "session_state" not in answer


@pytest.mark.rfc("oidc-session#3.2")
def test_the_state_can_be_read_by_a_script_in_a_frame(bobs_browser: Browser, printer: Registered) -> None:
    answered(bobs_browser, printer)

    cookie = bobs_browser.cookies[COOKIE]
    assert (cookie["secure"], cookie["samesite"], cookie["path"]) == (True, "None", "/")
    assert not cookie["httponly"]
    assert not cookie["domain"]


def test_the_state_changes_when_one_signs_out_and_with_every_sign_in(
    bobs_browser: Browser, printer: Registered
) -> None:
    answered(bobs_browser, printer)
    first = bobs_browser.cookies[COOKIE].value
    bobs_browser.post("/oauth2/account/logout/")
    gone = bobs_browser.cookies[COOKIE].value

    sign_in(bobs_browser, "bob")
    authorize(bobs_browser, printer, scope="openid")

    assert (gone, first != bobs_browser.cookies[COOKIE].value) == ("", True)


def test_the_state_stays_as_long_as_the_session(bobs_browser: Browser, printer: Registered) -> None:
    answered(bobs_browser, printer)

    assert COOKIE not in bobs_browser.get("/oauth2/").cookies
    assert COOKIE not in authorize(bobs_browser, printer, scope="openid").cookies


def test_a_request_without_the_session_s_cookie_says_nothing_about_it(db: None) -> None:
    framed_elsewhere = Browser()
    framed_elsewhere.cookies[COOKIE] = "held"

    assert COOKIE not in framed_elsewhere.get("/oauth2/account/login/").cookies


@pytest.mark.rfc("oidc-session#3.2")
def test_the_frame_of_the_op_may_be_framed_by_anybody(db: None) -> None:
    answer = Browser().get("/oauth2/check_session")

    assert "X-Frame-Options" not in answer
    assert directives(answer)["frame-ancestors"] == "*"
    assert directives(answer)["default-src"] == "'self'"
    assert "portal/check_session.js" in answer.content.decode()
    assert not answer.cookies


def test_no_other_page_may_be_framed(db: None) -> None:
    answer = Browser().get("/oauth2/account/login/")

    assert answer["X-Frame-Options"] == "DENY"
    assert directives(answer)["frame-ancestors"] == "'none'"


@pytest.mark.rfc("oidc-session#3.3")
def test_the_metadata_names_the_frame(db: None) -> None:
    document = Browser().get("/.well-known/openid-configuration").json()

    assert document["check_session_iframe"] == "https://localhost:9443/oauth2/check_session"
