"""What the other server says: every lie of a fake one. A real one is in tests/journeys/test_elsewhere.py."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client as Browser

from accounts.models import LinkedAccount, User
from keymanager.sign_in_elsewhere import providers
from tests.keymanager.conftest import Registered, authorize, decide, exchange, query_of
from tests.keymanager.elsewhere.conftest import (
    HERE,
    come_back,
    go,
    is_signed_in,
    new_key,
    sent,
    taken_along,
)
from tests.keymanager.elsewhere.provider import CLIENT_ID, SECRET, Provider

if TYPE_CHECKING:
    from pytest_django import Settings

FORGED = "eyJhbGciOiJub25lIn0."


def test_the_request_that_waited_goes_on_to_a_code(there: Provider, printer: Registered) -> None:
    browser = Browser()

    back = go(browser, there, printer, claims={}, scope="openid photos:read", nonce="ours")
    code = query_of(decide(browser, browser.get(back["Location"])))["code"]

    assert exchange(printer, code).json()["scope"] == "openid photos:read"
    assert LinkedAccount.objects.get().user.username == "bob"


@pytest.mark.rfc("oidc-core#3.1.2.1")
@pytest.mark.rfc("7636#4.3")
def test_the_demands_of_the_request_travel_along(there: Provider, printer: Registered) -> None:
    demands = {"prompt": "login consent", "max_age": "60", "acr_values": "gold", "login_hint": "b", "ui_locales": "de"}

    asked = sent(Browser(), authorize(Browser(), printer, scope="openid", **demands))

    told = {name: asked[name] for name in ("prompt", "max_age", "acr_values", "login_hint", "ui_locales")}
    assert told == demands | {"prompt": "login"}
    assert asked["code_challenge_method"] == "S256"
    assert (asked["scope"], asked["client_id"]) == ("openid profile email", CLIENT_ID)
    assert asked["redirect_uri"] == "https://localhost:9443/oauth2/account/elsewhere/callback"


def test_an_essential_acr_travels_along_as_a_claim(there: Provider, printer: Registered) -> None:
    wish = {"id_token": {"acr": {"essential": True, "values": ["gold"]}}}

    asked = sent(Browser(), authorize(Browser(), printer, scope="openid", claims=json.dumps(wish)))

    assert json.loads(asked["claims"]) == wish


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://mallory.example"},
    "for somebody else": {"aud": "another client"},
    "for somebody else as well": {"aud": [CLIENT_ID, "another client"]},
    "issued to somebody else": {"azp": "another client"},
    "over": {"exp": int(time.time()) - 120},
    "without an end": {"exp": None},
    "of tomorrow": {"iat": int(time.time()) + 3600},
    "another nonce": {"nonce": "x" * 64},
    "no nonce": {"nonce": None},
    "a nonce of another type": {"nonce": ["x"]},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject of another type": {"sub": 7},
    "a subject too long": {"sub": "b" * 256},
    "with another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    "signed in tomorrow": {"auth_time": int(time.time()) + 3600},
    "signed in at no time": {"auth_time": "now"},
}


@pytest.mark.rfc("oidc-core#3.1.3.7")
@pytest.mark.parametrize("claims", LIES.values(), ids=list(LIES))
def test_an_id_token_that_lies_signs_nobody_in(there: Provider, printer: Registered, claims: dict[str, Any]) -> None:
    browser = Browser()

    page = go(browser, there, printer, claims=claims)

    assert page.status_code == 502
    assert "Try again" in page.content.decode()
    assert not is_signed_in(browser)
    assert not User.objects.exclude(username="alice").exists()


SIGNATURES: dict[str, Callable[[Provider], object]] = {
    "none": lambda there: there.answer.update(id_token=FORGED + "e30."),
    "no text": lambda there: there.answer.update(id_token=7),
    "no token": lambda there: there.answer.update(id_token="a.b.c"),
    "no id token": lambda there: there.answer.update(id_token=None),
    "of another kind": lambda there: there.header.update(typ="at+jwt"),
    "critical": lambda there: there.header.update(crit=["b64"], b64=True),
    "unknown key": lambda there: there.header.update(kid="nobody's"),
    "the secret": lambda there: there.__dict__.update(algorithm="HS256", key=SECRET * 4),
    "another's key": lambda there: there.__dict__.update(key=new_key()),
    "no bearer": lambda there: there.answer.update(token_type="DPoP"),
    "no access token": lambda there: there.answer.update(access_token=None),
    "refused": lambda there: there.__dict__.update(status=400),
}


@pytest.mark.rfc("8725#3.1")
@pytest.mark.parametrize("lie", SIGNATURES.values(), ids=list(SIGNATURES))
def test_an_answer_that_cannot_be_trusted_signs_nobody_in(
    there: Provider, printer: Registered, lie: Callable[[Provider], object]
) -> None:
    browser = Browser()
    lie(there)

    page = go(browser, there, printer, claims={})

    assert page.status_code == 502
    assert not is_signed_in(browser)


@pytest.mark.rfc("oidc-core#10.1.1")
def test_a_new_key_of_the_other_server_is_found(
    there: Provider, printer: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(providers, "AGAIN_SECONDS", 0.0)
    go(Browser(), there, printer, claims={})
    there.keys["second"], there.kid = new_key(), "second"

    browser = Browser()
    go(browser, there, printer, claims={})

    assert is_signed_in(browser)


ANSWERS: dict[str, tuple[dict[str, str | None], int, str]] = {
    "denied": ({"error": "access_denied"}, 403, "may not do so here"),
    "down": ({"error": "temporarily_unavailable"}, 503, "cannot be reached"),
    "nonsense": ({"error": "invalid_scope"}, 502, "cannot be trusted"),
    "of another issuer": ({"iss": "https://mallory.example"}, 502, "cannot be trusted"),
    "of no issuer": ({"iss": None}, 502, "cannot be trusted"),
    "another's error": ({"error": "access_denied", "iss": "https://mallory.example"}, 502, "cannot be trusted"),
    "no code": ({"code": None}, 502, "cannot be trusted"),
    "a code of nobody": ({"code": "guessed"}, 502, "cannot be trusted"),
    "another state": ({"state": "guessed"}, 400, "sign-in is over"),
    "a strange state": ({"state": "\u2028\U0001f5ff"}, 400, "sign-in is over"),
    "no state": ({"state": None}, 400, "sign-in is over"),
    "a character that is none": ({"code": "a\x00b"}, 502, "cannot be trusted"),
}


@pytest.mark.rfc("9207#2.4")
@pytest.mark.parametrize(("changes", "status", "words"), ANSWERS.values(), ids=list(ANSWERS))
def test_an_answer_that_leads_nowhere_is_a_page(
    there: Provider, printer: Registered, changes: dict[str, str | None], status: int, words: str
) -> None:
    browser = Browser()
    asked = sent(browser, authorize(browser, printer))

    page = come_back(browser, there, asked, **changes)

    assert (page.status_code, words in page.content.decode()) == (status, True)
    assert not is_signed_in(browser)


def test_an_answer_counts_once(there: Provider, printer: Registered) -> None:
    browser = Browser()
    asked = sent(browser, authorize(browser, printer))
    come_back(browser, there, asked, error="access_denied")

    page = come_back(browser, there, asked)

    assert page.status_code == 400
    assert not is_signed_in(browser)


@pytest.mark.rfc("6749#10.12")
def test_an_answer_counts_in_the_browser_that_began(there: Provider, printer: Registered) -> None:
    asked = sent(Browser(), authorize(Browser(), printer))
    victim = Browser()
    sent(victim, authorize(victim, printer))

    page = come_back(victim, there, asked)

    assert page.status_code == 400
    assert not is_signed_in(victim)


def test_an_answer_after_ten_minutes_is_too_late(
    there: Provider, printer: Registered, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser()
    asked = sent(browser, authorize(browser, printer))
    monkeypatch.setattr("keymanager.sign_in_elsewhere.attempts.LIFETIME", 0.0)

    assert come_back(browser, there, asked).status_code == 400


def test_two_tabs_wait_at_once(there: Provider, printer: Registered) -> None:
    browser = Browser()
    first = sent(browser, authorize(browser, printer, state="one"))
    second = sent(browser, authorize(browser, printer, state="two"))

    back = [come_back(browser, there, asked)["Location"] for asked in (second, first)]

    assert ["state=two" in back[0], "state=one" in back[1]] == [True, True]


@pytest.mark.parametrize("path", ["https://mallory.example/", "//mallory.example", "/store/", "\n/oauth2/"])
def test_nobody_is_sent_to_a_strange_place_afterwards(there: Provider, path: str) -> None:
    browser = Browser()
    asked = taken_along(browser.get(HERE, {"next": path}))

    assert come_back(browser, there, asked)["Location"] == "/oauth2/"


METADATA: dict[str, tuple[Callable[[Provider], object], int]] = {
    "another's": (lambda there: there.metadata.update(issuer="https://mallory.example"), 502),
    "no object": (lambda there: there.__dict__.update(metadata=[]), 502),
    "no JSON": (lambda there: there.__dict__.update(metadata=b"<html>"), 502),
    "too much": (lambda there: there.__dict__.update(metadata=b" " * 300_000), 503),
    "not https": (lambda there: there.metadata.update(token_endpoint="http://localhost/token"), 502),
    "no keys": (lambda there: there.metadata.pop("jwks_uri"), 502),
    "no secret wanted": (lambda there: there.metadata.update(token_endpoint_auth_methods_supported=["none"]), 502),
}


@pytest.mark.rfc("oidc-discovery#4.3")
@pytest.mark.parametrize(("lie", "status"), METADATA.values(), ids=list(METADATA))
def test_a_server_that_is_not_the_one_is_not_gone_to(
    there: Provider, printer: Registered, lie: Callable[[Provider], object], status: int
) -> None:
    browser = Browser()
    lie(there)

    page = browser.get(authorize(browser, printer)["Location"])

    assert (page.status_code, "Try again" in page.content.decode()) == (status, True)


def test_a_server_without_our_authority_s_certificate_is_not_gone_to(
    there: Provider, printer: Registered, settings: Settings
) -> None:
    settings.AUTHENTICATION_CA_FILE = ""
    browser = Browser()

    page = browser.get(authorize(browser, printer)["Location"])

    assert page.status_code == 503
    assert there.asked == []


def test_a_server_that_is_down_is_a_page_with_a_link(there: Provider, printer: Registered, settings: Settings) -> None:
    settings.AUTHENTICATION_ISSUER = "https://localhost:1"
    browser = Browser()

    page = browser.get(authorize(browser, printer)["Location"])

    assert (page.status_code, "Try again" in page.content.decode()) == (503, True)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_that_goes_down_meanwhile_signs_nobody_in(there: Provider, printer: Registered, status: int) -> None:
    there.status = status
    browser = Browser()

    page = go(browser, there, printer, claims={})

    assert (page.status_code, is_signed_in(browser)) == (503, False)


def test_a_server_that_is_away_is_asked_again_only_after_a_while(
    there: Provider, printer: Registered, settings: Settings
) -> None:
    there.metadata = []  # type: ignore[assignment]
    browser = Browser()
    away = [browser.get(HERE).status_code for _ in range(3)]
    providers.forget()
    there.behave()

    assert (away, browser.get(HERE).status_code) == ([502] * 3, 302)


def test_the_full_url_alone_names_the_server(there: Provider, settings: Settings) -> None:
    settings.AUTHENTICATION_ISSUER = ""
    settings.AUTHENTICATION_ENDPOINT_URL = f"{there.issuer}/authorize"
    right = Browser().get(HERE)
    providers.forget()
    settings.AUTHENTICATION_ENDPOINT_URL = f"{there.issuer}/other"

    assert (right.status_code, Browser().get(HERE).status_code) == (302, 502)


def test_the_other_server_is_asked_for_its_metadata_once(there: Provider, printer: Registered) -> None:
    go(Browser(), there, printer, claims={})
    go(Browser(), there, printer, claims={})

    assert there.asked.count("/.well-known/openid-configuration") == 1
    assert there.asked.count("/keys") == 1
